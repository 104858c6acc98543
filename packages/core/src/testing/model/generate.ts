import { allOf, ANY, type Condition } from "../../memory/Condition.ts"
import { toCondition, type Filter } from "../../memory/Filter.ts"
import type { Restatable } from "../../memory/lifetime.ts"
import { type JsonObject, MEMORY_TYPES } from "../../memory/Memory.ts"
import type { ListRequest, MemoryChange } from "../../store/MemoryStore.ts"
import type { RemoveTarget } from "../../store/removal.ts"
import type { QueryPart } from "../../store/searching.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import type { Scope } from "../../memory/Scope.ts"
import type { Random } from "../random.ts"
import { queryTerms, rowBuilder, type RowParts } from "../rows.ts"
import type { Operation } from "./Operation.ts"

/** State of a random program: few names, so that its operations meet on the same rows. */
export interface World {
  readonly random: Random
  readonly scopes: ReadonlyArray<Scope>
  readonly dimensions: number
  /** Epoch milliseconds. */
  readonly start: number
  now: number
  /** Rows of a scope, expired and closed ones included. */
  readonly stored: (scope: Scope) => ReadonlyArray<StoreRow>
}

const WORDS =
  "freight harbour invoice railway pallet customs Gdańsk Turin deadline quarter budget PostgreSQL MySQL tea coffee bicycle Ana Bo Zoë 東京 truck depot tariff cargo route driver fuel winter".split(
    " "
  )
const SESSIONS = ["s1", "s2", "S1"]
const SPEAKERS = ["Ana", "ana", "Bo", "O'Brien"]
const RESTATABLE: ReadonlyArray<Restatable> = ["metadata", "importance", "pinned"]
const SOURCES = ["user", "assistant", "tool", "system"] as const
const METADATA: ReadonlyArray<JsonObject> = [
  {},
  { topic: "rail" },
  { topic: "sea", stage: 1 },
  { topic: null, stage: "1" },
  { stage: 1.5, done: true, deep: { topic: "rail" }, list: ["rail"] }
]

const makeWords = (number: number): string => {
  const words = Array.from(
    { length: 1 + (number % 9) },
    (_, i) => WORDS[(number * 7 + i * i * 5) % WORDS.length]
  )
  return `${words.join(" ")} ${number}`
}

/** The same number is the same text; one in eight is long, of two to four passages. */
const makeContent = (number: number): readonly [string, ...Array<string>] => [
  makeWords(number),
  ...(number % 8 === 5
    ? Array.from({ length: 1 + (number % 3) }, (_, i) => makeWords(number * 3 + i + 100))
    : [])
]

const pickExpiry = ({ now, random }: World): number | null => {
  const roll = random.next()
  if (roll < 0.55) return null
  if (roll < 0.85) return now + 1 + random.int(200)
  return roll < 0.95 ? now + 100_000 : now - random.int(50)
}

const rowFor = (world: World, scope: Scope): StoreRow => {
  const { now, random } = world
  const number = random.int(90)
  const saidAt = random.chance(0.3) ? now - random.int(2_000) : now
  const parts: RowParts = {
    at: now,
    saidAt,
    // Mostly by number, so that the same statement comes again.
    type: random.chance(0.95) ? (MEMORY_TYPES[number % 3] ?? "episodic") : random.pick(MEMORY_TYPES),
    source: number % 4 === 0 ? (SOURCES[number % 7] ?? "user") : "user",
    speaker: (random.chance(0.95) ? SPEAKERS[number % 9] : random.pick(SPEAKERS)) ?? null,
    metadata: random.pick(METADATA),
    importance: random.int(11) / 10,
    pinned: random.chance(0.2),
    expiresAt: pickExpiry(world),
    ...(random.chance(0.7) && { sessionId: random.pick(SESSIONS), turn: random.int(25) }),
    ...(random.chance(0.2) && { key: `key${random.int(8)}` }),
    ...(random.chance(0.1) && { vector: null, owed: random.chance(0.5) }),
    ...(random.chance(0.05) && {
      validity: [{ from: saidAt - 500, to: saidAt }],
      createdAt: now - 300,
      accessCount: random.int(9)
    })
  }
  return {
    ...rowBuilder(scope, world.dimensions)(makeContent(number), parts),
    ...(random.chance(0.4) && { overwrites: random.some(RESTATABLE, random.int(4)) })
  }
}

/** A row of the scope said again under another id. */
const formerRow = (world: World, row: StoreRow): StoreRow => {
  const { random, stored } = world
  const known = stored(row.memory.scope)
  if (known.length === 0) return row
  const former = random.pick(known)
  // Other content is a conflict.
  const { memory, owed, passages } = random.chance(0.8) ? former : row
  const { content } = memory
  return { ...row, passages, owed, memory: { ...row.memory, content }, formerIds: [former.memory.id] }
}

const rowsFor = (world: World, scope: Scope): ReadonlyArray<StoreRow> => {
  const rows = new Map<string, StoreRow>()
  for (let i = world.random.int(4); i >= 0; i--) {
    const row = rowFor(world, scope)
    rows.set(row.memory.id, row)
  }
  const [first, ...others] = Array.from(rows.values())
  if (first === undefined || others.length > 0 || world.random.chance(0.7)) return Array.from(rows.values())
  return [formerRow(world, first)]
}

const filterFor = ({ now, random }: World): Condition => {
  if (random.chance(0.6)) return ANY
  return toCondition({
    ...(random.chance(0.3) && { types: random.some(MEMORY_TYPES, random.int(3)) }),
    ...(random.chance(0.2) && { sources: random.some(SOURCES, 1 + random.int(3)) }),
    ...(random.chance(0.2) && { speakers: random.some(SPEAKERS, 1 + random.int(2)) }),
    ...(random.chance(0.2) && { sessionId: random.pick(SESSIONS) }),
    ...(random.chance(0.1) && { exceptSessionId: random.pick(SESSIONS) }),
    ...(random.chance(0.1) && { pinned: random.chance(0.5) }),
    ...(random.chance(0.1) && { saidFrom: now - random.int(2_000) }),
    ...(random.chance(0.1) && { saidTo: now - random.int(1_000) }),
    ...(random.chance(0.2) && { metadata: metadataFilter(random) })
  })
}

const metadataFilter = (random: Random): NonNullable<Filter["metadata"]> => ({
  ...(random.chance(0.7) && { topic: random.pick(["rail", "sea", null]) }),
  ...(random.chance(0.5) && { stage: random.pick([1, "1", 1.5, null]) }),
  ...(random.chance(0.1) && { done: true }),
  ...(random.chance(0.05) && { list: "rail" })
})

/** Mostly an id of the scope; else of another scope, or an unknown one. */
const idFor = (world: World, scope: Scope): string => {
  const { stored, random, scopes } = world
  const from = stored(random.chance(0.8) ? scope : random.pick(scopes))
  return from.length === 0 ? rowFor(world, scope).memory.id : random.pick(from).memory.id
}

const idsFor = (world: World, scope: Scope): ReadonlyArray<string> =>
  Array.from(new Set(Array.from({ length: world.random.int(6) }, () => idFor(world, scope))))

const asOfFor = ({ now, random, start }: World): number =>
  start - 1_000 + random.int(Math.max(1, now - start + 1_100))

const partFor = ({ dimensions, random }: World): QueryPart => ({
  ...(random.chance(0.8) && { vector: random.direction(dimensions) }),
  ...(random.chance(0.8) && { terms: queryTerms(random.some(WORDS, 1 + random.int(5)).join(" ")) })
})

/** Mostly one part, as recall asks. */
const partsFor = (world: World): ReadonlyArray<QueryPart> =>
  Array.from({ length: world.random.chance(0.8) ? 1 : world.random.int(5) }, () => partFor(world))

const searchFor = (world: World, scope: Scope): Operation => {
  const { now, random } = world
  return {
    method: "search",
    request: {
      scope,
      now,
      filter: filterFor(world),
      limit: random.pick([1, 2, 5, 20, 100]),
      parts: partsFor(world),
      ...(random.chance(0.2) && { asOf: asOfFor(world) }),
      ...(random.chance(0.8) && { exact: true })
    }
  }
}

const excerptsFor = (world: World, scope: Scope): Operation => {
  const { now, random } = world
  const ids = idsFor(world, scope)
  return {
    method: "excerpts",
    request: { scope, now, rows: ids.map((id) => ({ id, passage: random.int(4) })) }
  }
}

const payFor = (world: World, scope: Scope): Operation => {
  const { dimensions, random, stored } = world
  const rows = random.some(stored(scope), random.int(6))
  return {
    method: "payOwed",
    request: rows.map(({ memory, passages }) => ({
      scope,
      id: memory.id,
      vectors: passages.map(() => (random.chance(0.9) ? random.direction(dimensions) : null))
    }))
  }
}

const listFor = (world: World, scope: Scope): ListRequest => {
  const { stored, now, random } = world
  const rows = stored(scope).map(({ memory }) => memory)
  const after = random.chance(0.5) && rows.length > 0 ? random.pick(rows) : null
  const by = random.pick(["createdAt", "saidAt"] as const)
  return {
    scope,
    now,
    filter: filterFor(world),
    limit: random.pick([1, 3, 10, 1_000]),
    by,
    ...(random.chance(0.4) && { newestFirst: true }),
    ...(random.chance(0.4) && { closed: true }),
    ...(after && { after: { at: after[by], id: after.id } })
  }
}

const changeFor = (world: World): MemoryChange => {
  const { random } = world
  return {
    ...(random.chance(0.4) && { expiresAt: pickExpiry(world) }),
    ...(random.chance(0.3) && { importance: random.int(11) / 10 }),
    ...(random.chance(0.3) && { pinned: random.chance(0.5) }),
    ...(random.chance(0.3) && { metadata: random.pick(METADATA) })
  }
}

const supersedeFor = (world: World, scope: Scope): Operation => {
  const row = rowFor(world, scope)
  const id = idFor(world, scope)
  const { now } = world
  // A row cannot supersede itself.
  return id === row.memory.id
    ? { method: "put", request: { scope, now, rows: [row] } }
    : { method: "supersede", request: { scope, now, id, row } }
}

const targetFor = (world: World, scope: Scope): RemoveTarget => {
  const roll = world.random.next()
  if (roll < 0.75) return { _tag: "Ids", ids: idsFor(world, scope) }
  const { random } = world
  return roll < 0.97
    ? { _tag: "Filter", filter: allOf([filterFor(world), toCondition({ sessionId: random.pick(SESSIONS) })]) }
    : { _tag: "All" }
}

const aroundFor = (world: World, scope: Scope): Operation => {
  const { now, random } = world
  const anchors = Array.from({ length: random.int(5) }, () => ({
    sessionId: random.pick(SESSIONS),
    turn: random.int(25)
  }))
  return {
    method: "around",
    request: {
      scope,
      now,
      anchors,
      radius: 1 + random.int(4),
      parts: partsFor(world),
      filter: filterFor(world),
      ...(random.chance(0.2) && { asOf: asOfFor(world) })
    }
  }
}

const KINDS_OF_ENTRY = ["history", "notes"]

const appendFor = ({ now, random }: World, scope: Scope): Operation => {
  const place = { sessionId: random.pick(SESSIONS), kind: random.pick(KINDS_OF_ENTRY) }
  const start = random.int(9)
  const content = () => `entry ${random.int(3)}`
  const entries = Array.from({ length: 1 + random.int(3) }, (_, i) => ({
    ...place,
    number: start + i,
    content: content()
  }))
  return { method: "append", request: { scope, now, entries } }
}

const entriesFor = ({ random }: World, scope: Scope): Operation => ({
  method: "entries",
  request: {
    scope,
    sessionId: random.pick(SESSIONS),
    kind: random.pick(KINDS_OF_ENTRY),
    limit: 1 + random.int(9),
    ...(random.chance(0.5) && { after: random.int(9) }),
    ...(random.chance(0.5) && { newestFirst: true })
  }
})

/** Operations by their share of a program. */
const KINDS: ReadonlyArray<readonly [share: number, make: (world: World, scope: Scope) => Operation]> = [
  [
    26,
    (world, scope) => ({ method: "put", request: { scope, now: world.now, rows: rowsFor(world, scope) } })
  ],
  [20, searchFor],
  [5, (world, scope) => ({ method: "get", request: { scope, now: world.now, ids: idsFor(world, scope) } })],
  [5, aroundFor],
  [3, excerptsFor],
  [2, payFor],
  [1, (_, scope) => ({ method: "usage", request: { scope } })],
  [5, (world, scope) => ({ method: "list", request: listFor(world, scope) })],
  [3, (world, scope) => ({ method: "listRows", request: listFor(world, scope) })],
  [
    4,
    (world, scope) => ({
      method: "latest",
      request: { scope, now: world.now, filter: filterFor(world), limit: 1 + world.random.int(10) }
    })
  ],
  [2, ({ now }, scope) => ({ method: "speakers", request: { scope, now } })],
  [2, ({ random }, scope) => ({ method: "lastTurn", request: { scope, sessionId: random.pick(SESSIONS) } })],
  [
    8,
    (world, scope) => ({
      method: "patch",
      request: { scope, now: world.now, id: idFor(world, scope), change: changeFor(world) }
    })
  ],
  [8, supersedeFor],
  [
    3,
    (world, scope) => ({
      method: "remove",
      request: { scope, now: world.now, target: targetFor(world, scope) }
    })
  ],
  [4, (world, scope) => ({ method: "touch", request: { scope, now: world.now, ids: idsFor(world, scope) } })],
  [
    4,
    (world, scope) => ({
      method: "count",
      request: {
        scope,
        now: world.now,
        filter: filterFor(world),
        ...(world.random.chance(0.7) && { lifetime: world.random.pick(["any", "live"] as const) })
      }
    })
  ],
  [
    2,
    (world, scope) => ({
      method: "predecessors",
      request: { scope, now: world.now, ids: idsFor(world, scope) }
    })
  ],
  [
    2,
    ({ now, random }, scope) => ({ method: "sessions", request: { scope, now, limit: 1 + random.int(4) } })
  ],
  [3, appendFor],
  [2, entriesFor],
  [1, ({ random }, scope) => ({ method: "listEntries", request: { scope, limit: 1 + random.int(20) } })],
  [
    1,
    ({ random }, scope) => ({
      method: "dropEntries",
      request: {
        scope,
        sessionId: random.pick(SESSIONS),
        ...(random.chance(0.7) && { kind: random.pick(KINDS_OF_ENTRY), through: random.int(9) })
      }
    })
  ],
  [1, ({ now }) => ({ method: "expire", request: { now, limit: 1_000 } })]
]

const SHARES = KINDS.reduce((sum, [share]) => sum + share, 0)

/** Draws the next operation. The first scope comes often, so that it fills; a caller's clock is sometimes behind. */
export const nextOperation = (world: World): Operation => {
  const { random } = world
  world.now += random.int(15)
  const behind = random.chance(0.03) ? random.int(40) : 0
  const caller = { ...world, now: world.now - behind }
  let roll = random.int(SHARES)
  const kind = KINDS.find(([share]) => (roll -= share) < 0)
  if (kind === undefined) throw new Error("the shares do not add up")
  const [first] = world.scopes
  return kind[1](caller, first && random.chance(0.4) ? first : random.pick(world.scopes))
}
