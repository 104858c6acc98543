import { assert, it } from "@effect/vitest"
import { allOf, toCondition, isVisible, matches, type Memory, not } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { DatabaseSync } from "node:sqlite"
import { randomCondition, randomParts } from "../../../core/src/testing/model/conditions.ts"
import { CLOSED, encodeLifetime, hashString } from "../../src/codec/memoryRow.ts"
import { LIFETIME_SQL, lifetimeParameters, toNecessarySql } from "../../src/codec/necessarySql.ts"
import { makeRowFilter, type RowFilterRequest } from "../../src/codec/rowFilter.ts"
import { makeRow, makeScope, NOW } from "../support/rows.ts"

type Random = ReturnType<typeof makeRandom>

const DAY = 86_400_000

const makeMemory = (random: Random, i: number): Memory => {
  const { at = NOW, ...fields } = randomParts(random)
  return makeRow(makeScope("user"), `memory ${i}`, null, {
    ...fields,
    createdAt: at,
    expiresAt: random.pick([null, NOW - 1, NOW, NOW + 1]),
    validity: [{ from: NOW - 3 * DAY, to: random.pick([null, null, NOW - 2 * DAY]) }]
  }).memory
}

/** -1 for null, -2 for a name that no memory has. */
const numberNames = (names: ReadonlyArray<string | null>) => {
  const known = Array.from(new Set(names.filter((name) => name !== null)))
  return (name: string | null): number => {
    const index = name === null ? -1 : known.indexOf(name)
    return name !== null && index < 0 ? -2 : index
  }
}

/** Filters memories as an index does; `read` is called for each memory that is read. */
const findByRowFilter = (memories: ReadonlyArray<Memory>, request: RowFilterRequest, read: () => void) => {
  const sessionNumber = numberNames(memories.map(({ sessionId }) => sessionId))
  const speakerNumber = numberNames(memories.map(({ speaker }) => speaker))
  const at = (slot: number): Memory => {
    const memory = memories[slot]
    assert(memory !== undefined)
    return memory
  }
  const passes = makeRowFilter(
    request,
    {
      flags: (slot) => encodeLifetime(at(slot)).flags,
      expiresAt: (slot) => at(slot).expiresAt ?? Number.POSITIVE_INFINITY,
      saidAt: (slot) => at(slot).saidAt,
      session: (slot) => sessionNumber(at(slot).sessionId),
      speaker: (slot) => speakerNumber(at(slot).speaker)
    },
    {
      sessionNumber,
      speakerNumber,
      memoryPasses: (slot, passesMemory) => {
        read()
        return passesMemory(at(slot))
      }
    }
  )
  return memories.filter((_, slot) => passes(slot))
}

const openTable = (memories: ReadonlyArray<Memory>): DatabaseSync => {
  const db = new DatabaseSync(":memory:")
  db.exec(
    "CREATE TABLE memory (slot INTEGER PRIMARY KEY, flags INTEGER, session_key INTEGER, said_at INTEGER, " +
      "importance REAL, created_at INTEGER, updated_at INTEGER, expires_at INTEGER)"
  )
  const insert = db.prepare("INSERT INTO memory VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
  memories.forEach((memory, slot) => {
    const { expires_at, flags, importance, updated_at } = encodeLifetime(memory)
    const sessionKey = memory.sessionId === null ? null : hashString(memory.sessionId)
    insert.run(slot, flags, sessionKey, memory.saidAt, importance, memory.createdAt, updated_at, expires_at)
  })
  return db
}

it("a condition for rows and for SQL finds what core's rules find", () => {
  const random = makeRandom(20_261_126)
  const memories = Array.from({ length: 300 }, (_, i) => makeMemory(random, i))
  const db = openTable(memories)
  let exactStatements = 0
  for (let round = 0; round < 2_000; round++) {
    const filter = randomCondition(random)
    const asOf = random.chance(0.5) ? undefined : random.pick([NOW - 2.5 * DAY, NOW])
    const visible = memories.filter((memory) => isVisible(memory, NOW, asOf) && matches(filter, memory))
    assert.deepStrictEqual(
      findByRowFilter(memories, { now: NOW, filter, asOf }, () => {}),
      visible
    )
    for (const condition of [filter, not(filter)]) {
      const { exact, parameters, sql } = toNecessarySql(condition)
      const selected = db
        .prepare(`SELECT slot FROM memory m WHERE ${LIFETIME_SQL} AND ${sql} ORDER BY slot`)
        .all(...lifetimeParameters(NOW, CLOSED), ...parameters)
        .flatMap(({ slot }) => memories[Number(slot)] ?? [])
      const live = memories.filter((memory) => isVisible(memory, NOW) && matches(condition, memory))
      if (exact) {
        exactStatements++
        assert.deepStrictEqual(selected, live, JSON.stringify(condition))
      } else {
        const missing = live.filter((memory) => !selected.includes(memory))
        assert.deepStrictEqual(missing, [], JSON.stringify(condition))
      }
    }
  }
  assert.isAbove(exactStatements, 300)
})

it("a memory is read only where the numbers of its row leave the condition open", () => {
  const random = makeRandom(20_261_127)
  const memories = Array.from({ length: 300 }, (_, i) => makeMemory(random, i))
  const countReads = (request: Omit<RowFilterRequest, "now">): number => {
    let reads = 0
    findByRowFilter(memories, { now: NOW, ...request }, () => reads++)
    return reads
  }
  const byNumbers = toCondition({
    types: ["semantic"],
    sources: ["user", "tool"],
    speakers: ["Ana"],
    exceptSessionId: "s1",
    pinned: false,
    saidFrom: 0,
    saidTo: NOW
  })
  const byText = toCondition({ metadata: { k: 1 } })
  assert.strictEqual(countReads({ filter: byNumbers }), 0)
  assert.strictEqual(countReads({ filter: not(byNumbers) }), 0)
  const ofType = toCondition({ types: ["semantic"] })
  const live = memories.filter((memory) => isVisible(memory, NOW) && memory.type === "semantic").length
  assert.strictEqual(countReads({ filter: allOf([byText, ofType]) }), live)
  assert.isAbove(live, 10)
})
