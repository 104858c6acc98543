import { assert, it } from "@effect/vitest"
import {
  type Filter,
  isVisible,
  matches,
  type Memory,
  MEMORY_SOURCES,
  MEMORY_TYPES
} from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { DatabaseSync } from "node:sqlite"
import { FILTER_SQL, filterParameters, makeRowFilter, needsTexts } from "../../src/codec/filter.ts"
import { CLOSED, encodeLifetime } from "../../src/codec/memoryRow.ts"
import { makeRow, makeScope, NOW } from "../support/rows.ts"

type Random = ReturnType<typeof makeRandom>

const SESSIONS = [null, "monday", "tuesday"]
const SPEAKERS = [null, "Ana", "Bo"]
const DAY = 86_400_000

const makeMemory = (random: Random, i: number): Memory => {
  const closedAt = random.pick([null, null, NOW - 2 * DAY])
  return makeRow(makeScope("user"), `memory ${i}`, null, {
    type: random.pick(MEMORY_TYPES),
    source: random.pick(MEMORY_SOURCES),
    pinned: random.int(2) === 0,
    sessionId: random.pick(SESSIONS),
    speaker: random.pick(SPEAKERS),
    saidAt: NOW + DAY * (random.int(5) - 2),
    createdAt: NOW - 3 * DAY,
    expiresAt: random.pick([null, NOW - 1, NOW, NOW + 1]),
    validity: [{ from: NOW - 3 * DAY, to: closedAt }],
    metadata: { colour: random.pick(["red", "blue"]) }
  }).memory
}

const makeFilter = (random: Random): Filter => {
  const maybe = <A>(value: A): A | undefined => (random.chance(0.3) ? value : undefined)
  return {
    types: maybe(random.some(MEMORY_TYPES, 2)),
    sources: maybe(random.some(MEMORY_SOURCES, 2)),
    pinned: maybe(random.int(2) === 0),
    saidFrom: maybe(NOW + DAY * (random.int(5) - 2)),
    saidTo: maybe(NOW + DAY * (random.int(5) - 2)),
    sessionId: maybe(random.pick(["monday", "unknown"])),
    exceptSessionId: maybe(random.pick(["tuesday", "unknown"])),
    speakers: maybe(random.some(["Ana", "Bo", "unknown"], 2)),
    metadata: maybe({ colour: "red" })
  }
}

/** -1 for null, -2 for a name that no memory has. */
const numberIn = (names: ReadonlyArray<string | null>, name: string | null): number => {
  const index = names.indexOf(name)
  return index < 0 ? -2 : index - 1
}

const findByRowFilter = (memories: ReadonlyArray<Memory>, filter: Filter, asOf?: number) => {
  const at = (slot: number): Memory => {
    const memory = memories[slot]
    assert(memory !== undefined)
    return memory
  }
  const passes = makeRowFilter(
    { now: NOW, filter, asOf },
    {
      flags: (slot) => encodeLifetime(at(slot)).flags,
      expiresAt: (slot) => at(slot).expiresAt ?? Number.POSITIVE_INFINITY,
      saidAt: (slot) => at(slot).saidAt,
      session: (slot) => numberIn(SESSIONS, at(slot).sessionId),
      speaker: (slot) => numberIn(SPEAKERS, at(slot).speaker)
    },
    {
      sessionNumber: (name) => numberIn(SESSIONS, name),
      speakerNumber: (name) => numberIn(SPEAKERS, name),
      memory: at
    }
  )
  return memories.filter((_, slot) => passes(slot))
}

const openTable = (memories: ReadonlyArray<Memory>): DatabaseSync => {
  const db = new DatabaseSync(":memory:")
  db.exec(
    "CREATE TABLE memory (slot INTEGER PRIMARY KEY, flags INTEGER, said_at INTEGER, expires_at INTEGER)"
  )
  const insert = db.prepare("INSERT INTO memory VALUES (?, ?, ?, ?)")
  memories.forEach((memory, slot) => {
    insert.run(slot, encodeLifetime(memory).flags, memory.saidAt, memory.expiresAt)
  })
  return db
}

it("a filter for rows and for SQL finds what core's rules find", () => {
  const random = makeRandom(20_261_126)
  const memories = Array.from({ length: 300 }, (_, i) => makeMemory(random, i))
  const select = openTable(memories).prepare(`SELECT slot FROM memory m WHERE ${FILTER_SQL} ORDER BY slot`)
  let decidedByNumbers = 0
  for (let round = 0; round < 300; round++) {
    const filter = makeFilter(random)
    const asOf = random.chance(0.5) ? undefined : random.pick([NOW - 2.5 * DAY, NOW])
    const visible = memories.filter((memory) => isVisible(memory, NOW, asOf) && matches(filter, memory))
    assert.deepStrictEqual(findByRowFilter(memories, filter, asOf), visible)

    const live = memories.filter((memory) => isVisible(memory, NOW) && matches(filter, memory))
    const selected = select
      .all(...filterParameters(filter, NOW, CLOSED))
      .flatMap(({ slot }) => memories[Number(slot)] ?? [])
    if (needsTexts(filter)) assert.isTrue(live.every((memory) => selected.includes(memory)))
    else {
      decidedByNumbers++
      assert.deepStrictEqual(selected, live)
    }
    const any = select.all(...filterParameters(filter, Number.NEGATIVE_INFINITY, 0))
    assert.isAtLeast(any.length, memories.filter((memory) => matches(filter, memory)).length)
  }
  assert.isAbove(decidedByNumbers, 30)
})
