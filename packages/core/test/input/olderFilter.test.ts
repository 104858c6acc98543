import { assert, describe, it } from "@effect/vitest"
import type { Where } from "@keepsake/core"
import type { Filter } from "@keepsake/core/driver"
import { Result } from "effect"
import { readTarget } from "../../src/input/filter.ts"
import { readListOptions, readRecallOptions } from "../../src/input/options.ts"

const FROM = Date.UTC(2026, 0, 31)
const TO = Date.UTC(2026, 1, 28)

/** As the page about upgrading says it. */
const CASES: ReadonlyArray<readonly [older: Filter, where: Where]> = [
  [{ types: ["semantic"] }, { type: { in: ["semantic"] } }],
  [
    { sources: ["user"], speakers: ["Ana"] },
    { source: "user", speaker: "Ana" }
  ],
  [
    { sessionId: "monday", pinned: true },
    { sessionId: "monday", pinned: true }
  ],
  [{ exceptSessionId: "monday" }, { sessionId: { ne: "monday" } }],
  [{ saidFrom: FROM, saidTo: TO }, { saidAt: { gte: FROM, lt: TO } }],
  [{ metadata: { "a.b": 1 } }, { metadata: { "a\\.b": 1 } }]
]

describe("the older form of a filter", () => {
  it.each(CASES)("%j is %j", (older, where) => {
    const asked = Result.getOrThrow(readRecallOptions({ where })).filter
    assert.deepStrictEqual(Result.getOrThrow(readRecallOptions(older)).filter, asked)
    assert.deepStrictEqual(Result.getOrThrow(readListOptions({ filter: older })).filter, asked)
    assert.deepStrictEqual(Result.getOrThrow(readTarget(older)), asked)
    assert.deepStrictEqual(Result.getOrThrow(readTarget({ where })), asked)
  })
})
