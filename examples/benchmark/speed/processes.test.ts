import { assert, describe, it } from "@effect/vitest"
import { measureProcesses } from "./processes.ts"

describe("two processes over one file", () => {
  it("lose no memory that was acknowledged, and recall all the while", async () => {
    const { missing, times, written } = await measureProcesses({ processes: 2, calls: 30 }, 1)
    assert.strictEqual(missing, 0)
    assert.isAbove(written, 0)
    for (const { reads, writes } of [...times.ours, ...times.bare])
      assert.strictEqual(reads.length + writes.length, 30)
  })
})
