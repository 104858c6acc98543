import { AgentMemory, Embedder, fingerprint, type MemoryError, Scope, StoreFingerprint } from "@keepsake/core"
import { Clock, Effect, Layer, Schema } from "effect"
import { resolveConfig } from "../config/resolveConfig.ts"
import { type SettingFlags, readSettings } from "../config/readSettings.ts"
import { backendLayer } from "../storeLayer.ts"
import { probeEmbedder } from "./embedder.ts"
import { checkClock, checkNode, checkVariables } from "./environment.ts"
import { checkFile } from "./file.ts"
import { fault, type Finding, ok } from "./Finding.ts"
import { checkOpenStore, storeFault } from "./store.ts"

const configFault = (error: MemoryError): Finding =>
  fault("config", error.message, "Correct it there; keepsake --help lists what may be said.")

const isScope = Schema.is(Scope)

const BAD_SCOPE =
  "user and agent are 1 to 256 characters, without control characters, slashes or outer spaces"

/** A URL without what must not be shown. */
const withoutSecrets = (url: string): string => url.replace(/:\/\/[^@/]*@/u, "://…@")

/**
 * Looks at everything that recall depends on, in the order in which one thing needs the other, and goes on as
 * far as it can. Writes one test memory and removes it.
 */
export const diagnose = Effect.fnUntraced(function* (
  given: SettingFlags,
  env: Readonly<Record<string, string | undefined>>
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const found: Array<Finding> = [
    checkNode(process.versions.node),
    checkClock(yield* Clock.currentTimeMillis),
    ...checkVariables(env)
  ]
  const rest = Effect.gen(function* () {
    const settings = yield* readSettings(given, env)
    if (!isScope(settings.scope)) found.push(fault("user", BAD_SCOPE, "Correct --user and --agent."))
    const { embedder: embedderConfig, store } = yield* resolveConfig(settings.config)
    const shown = typeof settings.config.store === "string" ? withoutSecrets(settings.config.store) : "store"
    found.push(ok("config", `${shown} (from ${settings.from})`))
    if (!("backend" in store)) return

    const { embedder, findings } = yield* probeEmbedder(embedderConfig)
    found.push(...findings)
    // A store that was filled by an embedder cannot be told from a damaged one while that embedder is out.
    if (embedder === undefined) return

    const space = StoreFingerprint.layer(fingerprint(embedder?.space ?? null))
    const embedderLayer = embedder === null ? Layer.empty : Layer.succeed(Embedder, embedder)
    const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(backendLayer(store)),
      Layer.provideMerge(Layer.merge(space, embedderLayer))
    )
    const seen = yield* Effect.provide(checkOpenStore(store.backend), layer).pipe(
      Effect.catch((error) => Effect.succeed([storeFault("store", store.backend, error)]))
    )
    found.push(...seen)
    if (store.backend === "hnsw" && seen.every((one) => one.status !== "fault"))
      found.push(...(yield* checkFile(store.path)))
  })
  yield* Effect.scoped(rest).pipe(Effect.catch((error) => Effect.sync(() => found.push(configFault(error)))))
  return found
})
