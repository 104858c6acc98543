import { describe, it } from "@effect/vitest"
import { InMemoryStore } from "@keepsake/core"
import { runReadsProgram } from "../support/readsProgram.ts"

/** `KEEPSAKE_READS_OPERATIONS=100000` runs the long form. */
const OPERATIONS = Number(process.env["KEEPSAKE_READS_OPERATIONS"] ?? 2_000)
const SEED = Number(process.env["KEEPSAKE_SEED"] ?? 15)

describe("random operations over several scopes and handles", () => {
  it.effect(
    `answer as the oracle does (${OPERATIONS} operations, seed ${SEED})`,
    () => runReadsProgram(InMemoryStore.layer, OPERATIONS, SEED),
    60_000 + 20 * OPERATIONS
  )
})
