import { AgentMemory, type MemoryError } from "@keepsake/core"
import { readScope } from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { hideSecrets, hideUrlSecrets } from "../config/hideSecrets.ts"
import { readSettings, type SettingFlags } from "../config/readSettings.ts"
import { resolveConfig } from "../config/resolveConfig.ts"
import { backendLayer } from "../backendLayer.ts"
import { withSpace } from "../embedders/withSpace.ts"
import { probeEmbedder } from "./embedder.ts"
import { probeReranker } from "./reranker.ts"
import { checkClock, checkNode, checkVariables } from "./environment.ts"
import { checkFile } from "./file.ts"
import { fault, type Finding, ok } from "./Finding.ts"
import { checkOpenStore, storeFault } from "./store.ts"

const configFault = (error: MemoryError): Finding =>
  fault("config", error.message, "Correct it there; keepsake --help lists the options.")

/**
 * Checks everything that recall depends on, in the order of dependence, and continues as far as possible.
 * Writes one test memory and removes it.
 */
export const diagnose = Effect.fnUntraced(function* (
  flags: SettingFlags,
  env: Readonly<Record<string, string | undefined>>
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const findings: Array<Finding> = [
    checkNode(process.versions.node),
    checkClock(yield* Clock.currentTimeMillis),
    ...checkVariables(env)
  ]
  const checkConfigured = Effect.gen(function* () {
    const settings = yield* readSettings(flags, env)
    const scope = readScope(settings.scope)
    if (Result.isFailure(scope))
      findings.push(fault("user", scope.failure.join(": "), "Correct --user and --agent."))
    const { embedder: embedderConfig, reranker, store } = yield* resolveConfig(settings.config)
    const shown = typeof settings.config.store === "string" ? hideUrlSecrets(settings.config.store) : "store"
    findings.push(ok("config", `${shown} (from ${settings.from})`))
    if (reranker !== null) findings.push(yield* probeReranker(reranker))
    if (!("backend" in store)) return

    const { findings: embedderFindings, provider } = yield* probeEmbedder(embedderConfig)
    findings.push(...embedderFindings)
    // Without its embedder, a store cannot be opened with the fingerprint it was filled with.
    if (provider === undefined) return

    const memoryLayer = Layer.provideMerge(AgentMemory.layer({ purgeEvery: false }), backendLayer(store))
    const layer = withSpace(embedderConfig, provider, (space) => Layer.provideMerge(memoryLayer, space))
    const storeFindings = yield* Effect.provide(
      checkOpenStore(store.backend, embedderConfig === undefined),
      layer
    ).pipe(Effect.catch((error) => Effect.succeed([storeFault("store", store.backend, error)])))
    findings.push(...storeFindings)
    if (store.backend === "hnsw" && storeFindings.every(({ status }) => status !== "fault"))
      findings.push(...(yield* checkFile(store.path)))
  })
  yield* Effect.scoped(checkConfigured).pipe(
    Effect.catch((error) => Effect.sync(() => findings.push(configFault(error))))
  )
  return findings.map((finding) => ({ ...finding, detail: hideSecrets(finding.detail) }))
})
