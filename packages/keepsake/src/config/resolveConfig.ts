import type { EmbedderProvider, MemoryError, RerankerProvider } from "@keepsake/core"
import { invalidInput, fields } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EMBEDDER_TABLES, type EmbedderConfig } from "./EmbedderConfig.ts"
import { anything, isRecord, variant } from "./fields.ts"
import type { KeepsakeConfig, StoreLayer } from "./KeepsakeConfig.ts"
import { parseEmbedderSpec } from "./parseEmbedderSpec.ts"
import { parseRerankerSpec } from "./parseRerankerSpec.ts"
import { RERANKER_TABLES, type RerankerConfig } from "./RerankerConfig.ts"
import { parseStoreUrl } from "./storeUrl/parseStoreUrl.ts"
import { STORE_TABLES, type StoreConfig } from "./StoreConfig.ts"

const { object, optional, test, valid, within } = fields

type OnWarning = NonNullable<KeepsakeConfig["onWarning"]>

/** A config whose short forms are parsed and whose fields are checked. */
export interface ResolvedConfig {
  readonly store: StoreConfig | StoreLayer
  /** `null`: keyword search alone. `undefined`: none is named, and a store goes on as it was filled. */
  readonly embedder: EmbedderConfig | EmbedderProvider | PromiseLike<EmbedderProvider> | null | undefined
  /** `null`: none. */
  readonly reranker: RerankerConfig | RerankerProvider | null
  /** Options of the memory and not of its store; `AgentMemory` checks them. */
  readonly memory: Pick<
    KeepsakeConfig,
    | "beforeWrite"
    | "beforeWriteTimeoutMs"
    | "timeZone"
    | "deadlineMs"
    | "whenEmbedderFails"
    | "limits"
    | "queue"
  >
  readonly onWarning: OnWarning | undefined
}

const isProvider = (value: object): value is EmbedderProvider =>
  "embed" in value && typeof value.embed === "function"

const isPromise = (value: object): value is PromiseLike<EmbedderProvider> =>
  "then" in value && typeof value.then === "function"

const isReranker = (value: object): value is RerankerProvider =>
  "rerank" in value && typeof value.rerank === "function"

const readStore = within("store", variant<StoreConfig>("backend", STORE_TABLES))
const readEmbedder = within("embedder", variant<EmbedderConfig>("provider", EMBEDDER_TABLES))

const readReranker = within("reranker", variant<RerankerConfig>("provider", RERANKER_TABLES))

const resolveStore = (store: unknown): Effect.Effect<ResolvedConfig["store"], MemoryError> => {
  if (typeof store === "string") return parseStoreUrl(store)
  if (Layer.isLayer(store)) return Effect.succeed(store as StoreLayer)
  if (isRecord(store)) return valid(() => readStore(store))
  return Effect.fail(
    invalidInput("store", "is missing: give a URL such as file:./memory.db, or { backend: …, … }")
  )
}

const resolveEmbedderConfig = (embedder: unknown): Effect.Effect<ResolvedConfig["embedder"], MemoryError> => {
  if (embedder === undefined || embedder === null) return Effect.succeed(undefined)
  if (typeof embedder === "string") return parseEmbedderSpec(embedder)
  if (typeof embedder === "object" && (isProvider(embedder) || isPromise(embedder)))
    return Effect.succeed(embedder)
  if (isRecord(embedder)) return valid(() => readEmbedder(embedder))
  return Effect.fail(
    invalidInput("embedder", "give a name such as openai:text-embedding-3-small, options, or a provider")
  )
}

const resolveRerankerConfig = (reranker: unknown): Effect.Effect<ResolvedConfig["reranker"], MemoryError> => {
  if (reranker === undefined || reranker === null) return Effect.succeed(null)
  if (typeof reranker === "string") return parseRerankerSpec(reranker)
  if (typeof reranker === "object" && isReranker(reranker)) return Effect.succeed(reranker)
  if (isRecord(reranker)) return valid(() => readReranker(reranker))
  return Effect.fail(
    invalidInput("reranker", "give a name such as cohere:rerank-v3.5, options, or a provider")
  )
}

const readConfig = within(
  "config",
  object({
    store: anything,
    embedder: anything,
    reranker: anything,
    beforeWrite: anything,
    beforeWriteTimeoutMs: anything,
    timeZone: anything,
    deadlineMs: anything,
    whenEmbedderFails: anything,
    limits: anything,
    queue: anything,
    onWarning: optional(test((value): value is OnWarning => typeof value === "function", "give a function"))
  })
)

/**
 * Handles the rejection of a provider's promise: where another part of the config fails first, no one else would, and
 * the process would end. Whoever awaits the promise still sees it.
 */
export const handleRejection = (config: string | KeepsakeConfig): void => {
  if (!isRecord(config)) return
  const { embedder } = config
  if (typeof embedder === "object" && embedder !== null && isPromise(embedder)) {
    embedder.then(undefined, () => undefined)
  }
}

/** Checks what `openMemory` takes; a string is the store's URL. */
export const resolveConfig = Effect.fnUntraced(function* (
  config: string | KeepsakeConfig
): Effect.fn.Return<ResolvedConfig, MemoryError> {
  if (typeof config === "string") {
    return {
      store: yield* parseStoreUrl(config),
      embedder: undefined,
      reranker: null,
      memory: {},
      onWarning: undefined
    }
  }
  if (!isRecord(config))
    return yield* invalidInput("config", "give a URL such as file:./memory.db, or { store: …, … }")
  const { embedder, onWarning, reranker, store, ...memory } = yield* valid(() => readConfig(config))
  return {
    store: yield* resolveStore(store),
    embedder: yield* resolveEmbedderConfig(embedder),
    reranker: yield* resolveRerankerConfig(reranker),
    memory: memory as ResolvedConfig["memory"],
    onWarning
  }
})
