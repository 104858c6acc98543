import {
  AgentMemory,
  type MemoryClient,
  type MemoryError,
  type MemoryStore,
  promiseClient,
  type StoreAdmin,
  type StoreFingerprint
} from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type { KeepsakeConfig } from "./config/KeepsakeConfig.ts"
import { handleRejection, resolveConfig } from "./config/resolveConfig.ts"
import { rerankerLayer } from "./rerankers/resolveReranker.ts"
import { storeLayer } from "./storeLayer.ts"

/** `effect/Logger` brings files and their streams, which no one without `onWarning` waits for. */
const loggerLayer = (onWarning: NonNullable<KeepsakeConfig["onWarning"]>): Layer.Layer<never> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("effect/Logger")),
      (Logger) =>
        Logger.layer([
          Logger.make<unknown, void>(({ cause, logLevel, message }) => {
            if (!LogLevel.isGreaterThanOrEqualTo(logLevel, "Warn")) return
            const [text, detail] = Array.isArray(message) ? (message as ReadonlyArray<unknown>) : [message]
            onWarning(String(text), cause.reasons.length > 0 ? Cause.squash(cause) : detail)
          })
        ])
    )
  )

/** The loggers stay the application's own where `onWarning` is absent. */
const sendWarnings =
  (onWarning: KeepsakeConfig["onWarning"]) =>
  <A>(layer: Layer.Layer<A, MemoryError>): Layer.Layer<A, MemoryError> =>
    onWarning === undefined ? layer : Layer.provideMerge(layer, loggerLayer(onWarning))

/** `AgentMemory` and its store from one config: the Effect form of `openMemory`. */
export const memoryLayer = (
  config: string | KeepsakeConfig
): Layer.Layer<AgentMemory | MemoryStore | StoreAdmin | StoreFingerprint, MemoryError> => {
  handleRejection(config)
  return Layer.unwrap(
    Effect.map(resolveConfig(config), ({ memory, onWarning, reranker }) =>
      AgentMemory.layer(memory).pipe(
        Layer.provide(reranker === null ? Layer.empty : rerankerLayer(reranker)),
        Layer.provideMerge(storeLayer(config)),
        sendWarnings(onWarning)
      )
    )
  )
}

/**
 * Opens a memory: `await using memory = await openMemory("file:./memory.db")`, then
 * `memory.for({ userId: "ana" })` for each user.
 *
 * Rejects with a `MemoryError` whose `reason._tag` tells what is wrong: `InvalidInput` (the config),
 * `Unsupported` (a package to install), `FingerprintMismatch` (the store was filled by another embedder),
 * `Unavailable` or `Unauthorized` (the server).
 */
export const openMemory: (config: string | KeepsakeConfig) => Promise<MemoryClient> = async (
  config,
  ...rest: ReadonlyArray<unknown>
) => {
  const layer = memoryLayer(config)
  // From JavaScript: a `beforeWrite` in a second argument would never be called.
  if (rest.some((argument) => argument !== undefined)) {
    throw invalidInput("config", "is the only argument: write openMemory({ store: …, beforeWrite: … })")
  }
  return promiseClient(layer)
}
