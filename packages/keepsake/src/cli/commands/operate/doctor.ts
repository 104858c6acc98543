import { MemoryError, Unsupported } from "@keepsake/core"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { resolveConfig } from "../../../config/resolveConfig.ts"
import { diagnose } from "../../../doctor/diagnose.ts"
import { loadPackage } from "../../../loadPackage.ts"
import { storeLayer } from "../../../openMemory.ts"
import { doctorReport } from "../../output/doctorReport.ts"
import { EXIT } from "../../exitCodes.ts"
import { columns, note, print } from "../../output/print.ts"
import { givenFlags, settings } from "../../root.ts"

/** Rewrites the files of a PostgreSQL store without what was deleted from it. */
const erase = Effect.gen(function* () {
  const { config, json } = yield* settings
  const { store } = yield* resolveConfig(config)
  if (!("backend" in store) || store.backend !== "pgvector") {
    return yield* new MemoryError({
      reason: new Unsupported({
        message:
          "--erase is for PostgreSQL: a file store erases at once, and Qdrant says in each receipt how to force it."
      })
    })
  }
  const { PgVectorAdmin } = yield* loadPackage(
    "@keepsake/backend-pgvector",
    "PostgreSQL",
    async () => import("@keepsake/backend-pgvector")
  )
  return yield* Effect.gen(function* () {
    const admin = Option.getOrThrow(yield* Effect.serviceOption(PgVectorAdmin))
    yield* note("Rewriting the tables; they are locked meanwhile.")
    const checkpointed = yield* admin.eraseBytes
    yield* print(json, { erased: true, checkpointed }, () =>
      checkpointed
        ? "Erased. Write-ahead logs, replicas and backups keep what was deleted until they are recycled."
        : "The tables are rewritten; this role may not run checkpoint: have it run to reach the disk."
    )
    return EXIT.ok
  }).pipe(Effect.provide(storeLayer(config)))
})

export const doctor = Command.make(
  "doctor",
  {
    erase: Flag.Boolean("erase").pipe(
      Flag.withDescription("PostgreSQL: rewrite the tables without what was deleted (locks them meanwhile)"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* (flags) {
    if (flags.erase) {
      yield* erase
      return
    }
    const { given, json } = yield* givenFlags
    const findings = yield* diagnose(given, process.env)
    yield* print(json, findings, () => doctorReport(findings, columns()))
    if (findings.some(({ status }) => status === "fault")) process.exitCode = EXIT.faults
  })
).pipe(
  Command.withDescription(
    "Check the configuration, the embedder and the store, and say how to mend what is wrong. Exit code 3 when something is"
  ),
  Command.withExamples([
    { command: "keepsake doctor", description: "Check what the environment and ./keepsake.json say" },
    {
      command: "keepsake doctor --store file:./memory.db --json",
      description: "Check a store, for a program"
    }
  ])
)
