/** Another model may come to stand behind a name: a service moves an alias, a folder is overwritten. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { ANY } from "../memory/Condition.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"
import type { Passage, StoreRow } from "../store/StoreRow.ts"
import { dot } from "../store/vectors.ts"
import type { Embedder } from "./Embedder.ts"

/** Scopes in which a vector is looked for, and rows of each. */
const SCOPES = 10
const ROWS = 10

/** Below this cosine, two vectors of one text come from different models: rounding and quantising cost less. */
const SAME_MODEL = 0.98

interface Sample {
  readonly text: string
  readonly vector: Float32Array
}

const toSample = ({ memory: { content }, passages }: StoreRow): ReadonlyArray<Sample> =>
  passages.flatMap(({ end, start, vector }: Passage) =>
    vector === null ? [] : [{ text: content.slice(start, end), vector }]
  )

/** A text of the store with its vector; `undefined` where the first rows of some scopes have none. */
const findSample = Effect.fnUntraced(function* (
  store: MemoryStore["Service"],
  admin: StoreAdmin["Service"]
): Effect.fn.Return<Sample | undefined, MemoryError> {
  const now = yield* Clock.currentTimeMillis
  for (const { scope } of yield* admin.scopes({ limit: SCOPES })) {
    const { rows } = yield* store.listRows({ scope, now, filter: ANY, closed: true, limit: ROWS })
    const [sample] = rows.flatMap(toSample)
    if (sample !== undefined) return sample
  }
  return undefined
})

/**
 * Embeds a text of the store again: what is wrong if the vector differs from the stored one; `null` where they agree, or
 * the store has no vector yet. Fails as the embedder and the store do.
 */
export const findOtherModel = Effect.fnUntraced(function* (
  store: MemoryStore["Service"],
  admin: StoreAdmin["Service"],
  embedder: Embedder["Service"]
): Effect.fn.Return<string | null, MemoryError> {
  const sample = yield* findSample(store, admin)
  if (sample === undefined) return null
  const [vector] = yield* embedder.embed([sample.text], "document")
  if (vector === undefined || vector === null) return null
  const cosine = dot(vector, sample.vector)
  return cosine >= SAME_MODEL
    ? null
    : `${embedder.space.model} gives another vector than the store has for the same text (cosine ${cosine.toFixed(2)}): another model stands behind that name, and meaning finds little`
})
