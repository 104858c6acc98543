import { MemoryError, Unsupported } from "@keepsake/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { resolveConfig } from "../../../config/resolveConfig.ts"
import { diagnose } from "../../../doctor/diagnose.ts"
import { erasureFindings } from "../../../doctor/erasure.ts"
import { loadPgVector, loadQdrant } from "../../../loadPackage.ts"
import { storeLayer } from "../../../storeLayer.ts"
import { doctorReport } from "../../output/doctorReport.ts"
import { EXIT } from "../../exitCodes.ts"
import { columns, note, print } from "../../output/print.ts"
import { sharedFlags, settings } from "../../root.ts"
import { ask } from "../../input/ask.ts"

/** Copies a Qdrant store and drops the original, once its name was typed. */
const eraseQdrant = Effect.gen(function* () {
  const { config, json } = yield* settings
  const { QdrantAdmin } = yield* loadQdrant
  return yield* Effect.gen(function* () {
    const admin = Option.getOrThrow(yield* Effect.serviceOption(QdrantAdmin))
    yield* note(
      `What remains is copied to new collections, and ${admin.collection} and those beside it are dropped. Stop the programs that write first.`
    )
    yield* admin.eraseBytes(yield* ask(`Type the collection's name (${admin.collection}): `))
    yield* print(
      json,
      { erased: true },
      () => "Erased. Snapshots and backups keep the deleted points until you delete them."
    )
    return EXIT.ok
  }).pipe(Effect.provide(storeLayer(config)))
})

/** Rewrites a store on a server without what was deleted. */
const eraseBytes = Effect.gen(function* () {
  const { config, json } = yield* settings
  const { store } = yield* resolveConfig(config)
  if ("backend" in store && store.backend === "qdrant") return yield* eraseQdrant
  if (!("backend" in store) || store.backend !== "pgvector") {
    return yield* new MemoryError({
      reason: new Unsupported({
        message: "--erase is for PostgreSQL and Qdrant: a file store erases at once."
      })
    })
  }
  const { PgVectorAdmin } = yield* loadPgVector
  return yield* Effect.gen(function* () {
    const admin = Option.getOrThrow(yield* Effect.serviceOption(PgVectorAdmin))
    yield* note("Rewriting the tables, which are locked until it is done.")
    const erasure = yield* admin.eraseBytes
    const findings = erasureFindings(erasure)
    yield* print(json, erasure, () => doctorReport(findings, columns()))
    return findings.some(({ status }) => status === "fault") ? EXIT.faults : EXIT.ok
  }).pipe(Effect.provide(storeLayer(config)))
})

export const doctor = Command.make(
  "doctor",
  {
    erase: Flag.Boolean("erase").pipe(
      Flag.withDescription(
        "PostgreSQL, Qdrant: rewrite the store without what was deleted; of PostgreSQL, measure what remains"
      ),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* (flags) {
    if (flags.erase) {
      process.exitCode = yield* eraseBytes
      return
    }
    const { flags: settingFlags, json } = yield* sharedFlags
    const findings = yield* diagnose(settingFlags, process.env)
    yield* print(json, findings, () => doctorReport(findings, columns()))
    if (findings.some(({ status }) => status === "fault")) process.exitCode = EXIT.faults
  })
).pipe(
  Command.withDescription(
    "Check the config, the embedder and the store, and say how to fix each fault. Exit code 3 if there is one"
  ),
  Command.withExamples([
    { command: "keepsake doctor", description: "Check the store of the environment and ./keepsake.json" },
    {
      command: "keepsake doctor --store file:./memory.db --json",
      description: "Check a store, for a program"
    }
  ])
)
