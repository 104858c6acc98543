import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import { HnswStore } from "@keepsake/backend-hnsw"
import { Effect } from "effect"
import { runReadsProgram } from "../../core/test/support/readsProgram.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

/** `KEEPSAKE_READS_OPERATIONS=100000` runs the long form. */
const OPERATIONS = Number(process.env["KEEPSAKE_READS_OPERATIONS"] ?? 400)
const SEED = Number(process.env["KEEPSAKE_SEED"] ?? 15)

describe("several scopes read together from one file", () => {
  it.effect(
    `answer as the oracle does (${OPERATIONS} operations, seed ${SEED})`,
    () =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "memory.db")
        yield* runReadsProgram(HnswStore.layer({ path, synchronous: "normal" }), OPERATIONS, SEED)
      }),
    300_000 + 50 * OPERATIONS
  )
})
