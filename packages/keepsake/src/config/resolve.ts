import { type EmbedderProvider, type MemoryError } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { Effect, Layer } from "effect"
import { checkKeys, checkVariant, isRecord } from "./check.ts"
import { EMBEDDER_SCHEMAS, type EmbedderConfig } from "./EmbedderConfig.ts"
import { embedderOfSpec } from "./embedderSpec.ts"
import type { KeepsakeConfig, StoreLayer } from "./KeepsakeConfig.ts"
import { STORE_SCHEMAS, type StoreConfig } from "./StoreConfig.ts"
import { storeOfUrl } from "./storeUrl.ts"

/** A config whose short forms are spelled out and whose every key is known. */
export interface ResolvedConfig {
  readonly store: StoreConfig | StoreLayer
  readonly embedder: EmbedderConfig | EmbedderProvider | PromiseLike<EmbedderProvider> | null
}

const isProvider = (value: object): value is EmbedderProvider =>
  "embed" in value && typeof value.embed === "function"

const isPromise = (value: object): value is PromiseLike<EmbedderProvider> =>
  "then" in value && typeof value.then === "function"

const storeOf = (store: unknown): Effect.Effect<ResolvedConfig["store"], MemoryError> => {
  if (typeof store === "string") return storeOfUrl(store)
  if (Layer.isLayer(store)) return Effect.succeed(store as StoreLayer)
  if (isRecord(store)) return checkVariant("store", "backend", STORE_SCHEMAS, store)
  return Effect.fail(
    invalidInput("store", "is missing: give a URL such as file:./memory.db, or { backend: …, … }")
  )
}

const embedderOf = (embedder: unknown): Effect.Effect<ResolvedConfig["embedder"], MemoryError> => {
  if (embedder === undefined || embedder === null) return Effect.succeed(null)
  if (typeof embedder === "string") return embedderOfSpec(embedder)
  if (typeof embedder === "object" && (isProvider(embedder) || isPromise(embedder)))
    return Effect.succeed(embedder)
  if (isRecord(embedder)) return checkVariant("embedder", "provider", EMBEDDER_SCHEMAS, embedder)
  return Effect.fail(
    invalidInput("embedder", "give a name such as openai:text-embedding-3-small, options, or a provider")
  )
}

/** Reads what `openMemory` was given; a string is the store's URL. */
export const resolveConfig = Effect.fnUntraced(function* (
  input: string | KeepsakeConfig
): Effect.fn.Return<ResolvedConfig, MemoryError> {
  if (typeof input === "string") return { store: yield* storeOfUrl(input), embedder: null }
  if (!isRecord(input))
    return yield* invalidInput("config", "give a URL such as file:./memory.db, or { store: …, … }")
  yield* checkKeys("config", input, ["store", "embedder"])
  return { store: yield* storeOf(input["store"]), embedder: yield* embedderOf(input["embedder"]) }
})
