import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { HnswStore } from "@keepsake/backend-hnsw"
import { assert, it } from "@effect/vitest"
import { DEADLINE_MS, faultyTraffic } from "./faultySoak.ts"

it("loses nothing that was acknowledged, types every failure and ends every call", async () => {
  const folder = mkdtempSync(join(tmpdir(), "keepsake-"))
  try {
    const traffic = await faultyTraffic(HnswStore.layer({ path: join(folder, "keepsake.db") }), 6, {
      exhaust: async () => {},
      // Would stop the tests beside it.
      freezes: 0
    })
    assert.deepStrictEqual(traffic.lost, [])
    assert.strictEqual(traffic.untyped, 0)
    assert.isAtLeast(traffic.acknowledged, 100)
    assert.isAtLeast(traffic.degraded, 10)
    // A call is ended at its deadline; on a busy machine, somewhat after it.
    assert.isBelow(traffic.longestMs, 10 * DEADLINE_MS)
    assert.isAtMost(traffic.owed, traffic.bad)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
