import type { EmbedderProvider, MemoryError } from "@keepsake/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SettledProvider } from "./prefixes.ts"

/** The provider as a store was filled by it, under a former name. */
const findFilledBy = (provider: EmbedderProvider, { reason }: MemoryError): EmbedderProvider | undefined => {
  const stored = reason._tag === "FingerprintMismatch" ? reason.fingerprint?.embedding : undefined
  if (stored === undefined || stored === null) return undefined
  const former: ReadonlyArray<EmbedderProvider> = (provider as Partial<SettledProvider>).formerly ?? []
  return former.find(({ dimensions, model }) => model === stored.model && dimensions === stored.dimensions)
}

/** A layer that fails. */
export const failLayer = <A, E>(error: E): Layer.Layer<A, E> =>
  Layer.effectContext(Effect.fail(error)) as Layer.Layer<A, E>

/** Builds a layer with a provider, or with the same model as the store was filled by it. */
export const withFormerNames = <A, E extends MemoryError>(
  provider: EmbedderProvider,
  build: (provider: EmbedderProvider) => Layer.Layer<A, E>
): Layer.Layer<A, E> =>
  build(provider).pipe(
    Layer.catch((error: E) => {
      const filledBy = findFilledBy(provider, error)
      return filledBy === undefined ? failLayer<A, E>(error) : build(filledBy)
    })
  )
