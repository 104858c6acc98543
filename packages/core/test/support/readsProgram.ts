/**
 * Random programs over several scopes and handles, compared with an oracle: what a handle that reads several
 * scopes answers is what each scope's own handle answers, put together by another hand.
 */
import { assert } from "@effect/vitest"
import {
  AgentMemory,
  type Memory,
  MemoryError,
  type MemoryStore,
  type RecallOptions,
  type Recollection,
  type Scope,
  type ScopedMemory,
  type StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { scopeKey } from "@keepsake/core/driver"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { makeRandom, type Random } from "../../src/testing/random.ts"

const AGENTS = ["tutor", "handbook"]
const USERS = ["ana", "bo", "team:blue", "all"]
const SCOPES: ReadonlyArray<Scope> = AGENTS.flatMap((agentId) => USERS.map((userId) => ({ agentId, userId })))
const WORDS = ["freight", "harbour", "ship", "goat", "rose", "tea", "friday", "paid", "late", "green"]
const SPEAKERS = ["Bo", "Ana"]
const SESSIONS = ["monday", "tuesday"]

/** Rows of a scope before it is emptied, so that a long program stays as fast as a short one. */
const ROWS_MAX = 30

interface Handle {
  readonly memory: ScopedMemory
  readonly scope: Scope
  readonly reads: ReadonlyArray<Scope>
}

interface World {
  readonly random: Random
  readonly memories: AgentMemory["Service"]
  readonly handles: ReadonlyArray<Handle>
  /** Each scope's own handle, by `scopeKey`. */
  readonly own: ReadonlyMap<string, ScopedMemory>
  /** Live ids by scope, and every id there ever was. */
  readonly live: Map<string, Set<string>>
  readonly ever: Map<string, Scope>
}

const liveIn = ({ live }: World, scope: Scope): Set<string> => {
  const ids = live.get(scopeKey(scope)) ?? new Set<string>()
  live.set(scopeKey(scope), ids)
  return ids
}

const findOwn = ({ own }: World, scope: Scope): ScopedMemory => {
  const memory = own.get(scopeKey(scope))
  return memory ?? assert.fail("no such scope")
}

const readable = ({ reads, scope }: Handle) => new Set([scope, ...reads].map(scopeKey))

const sentence = (random: Random): string => random.some(WORDS, 1 + random.int(3)).join(" ")

const statement = (random: Random) => ({
  content: sentence(random),
  type: random.pick(["episodic", "semantic"] as const),
  pinned: random.chance(0.1),
  metadata: { floor: random.int(3) },
  ...(random.chance(0.3) ? { speaker: random.pick(SPEAKERS) } : {}),
  ...(random.chance(0.5) ? { sessionId: random.pick(SESSIONS) } : {})
})

/** The words of a statement in any order, where it has several: a near-copy has the same. "now" means nothing by itself. */
const sameWords = (content: string): string => {
  const words = Array.from(new Set(content.split(" ").filter((word) => word !== "now")))
  return words.length < 2 ? content : words.sort().join(" ")
}

/** Folds and merges by sorting one table: nothing here is shared with what it checks. */
const expectedRecall = (
  lists: ReadonlyArray<ReadonlyArray<Recollection>>,
  limit: number
): ReadonlyArray<readonly [id: string, score: number]> => {
  const table = lists
    .flatMap((list, place) =>
      list.map((hit, rank) => ({
        ...hit,
        place,
        rank,
        // A memory stands no lower than what is behind it in its own list.
        height: Math.max(...list.slice(rank).map(({ score }) => score))
      }))
    )
    .sort((a, b) => b.height - a.height || a.place - b.place || a.rank - b.rank)
  const groups = new Map<string, typeof table>()
  for (const row of table) {
    const { content, speaker, type } = row.memory
    const key = JSON.stringify({ words: sameWords(content), speaker, type })
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return Array.from(groups.values(), ([first, ...others]) => {
    const stands = [first, ...others].find((row) => row?.place === 0) ?? first
    return [stands?.memory.id ?? "", first?.score ?? 0] as const
  }).slice(0, limit)
}

const recall = Effect.fnUntraced(function* (world: World, handle: Handle) {
  const { random } = world
  const now = yield* Clock.currentTimeMillis
  const query = sentence(random)
  const limit = 1 + random.int(20)
  const options: RecallOptions = {
    limit,
    minScore: random.pick([0, 0.03, 0.3]),
    ...(random.chance(0.3) ? { where: { metadata: { floor: { gte: 1 } } } } : {}),
    ...(random.chance(0.2) ? { asOf: Math.max(0, now - random.int(60_000)) } : {})
  }
  const hits = yield* handle.memory.recall(query, options)
  const allowed = readable(handle)
  for (const { memory } of hits) {
    assert.isTrue(allowed.has(scopeKey(memory.scope)), "a scope that is not named was read")
    assert.isTrue(liveIn(world, memory.scope).has(memory.id), "what was forgotten was answered")
  }
  const lists = yield* Effect.forEach([handle.scope, ...handle.reads], (scope) =>
    findOwn(world, scope).recall(query, options)
  )
  assert.deepStrictEqual(
    hits.map(({ memory, score }) => [memory.id, score] as const),
    expectedRecall(lists, limit)
  )
})

const context = Effect.fnUntraced(function* (world: World, handle: Handle) {
  const { random } = world
  const message = sentence(random)
  const options = {
    budgetTokens: random.pick([100, 300, 1_200]),
    ...(random.chance(0.5) ? { sessionId: random.pick(SESSIONS) } : {})
  }
  const { items, text, tokens } = yield* handle.memory.context(message, options)
  const allowed = readable(handle)
  const own = scopeKey(handle.scope)
  for (const { memory, part } of items) {
    const key = scopeKey(memory.scope)
    assert.isTrue(allowed.has(key), "a scope that is not named was read")
    assert.isTrue(liveIn(world, memory.scope).has(memory.id), "what was forgotten was shown")
    if (key !== own) assert.isTrue(part === "relevant" || (part === "profile" && memory.pinned))
  }
  const shared = items.filter(({ memory }) => scopeKey(memory.scope) !== own)
  // One line, or one head of a group, says it for each item; what has a history says it on each line.
  const counts = Array.from(text.matchAll(/^- from="[^\n]*(?:\n {2}- [^\n]*)*/gmu), ([lines]) => {
    const count = lines.split("\n").length
    return lines.includes('" later: ') ? count : Math.max(1, count - 1)
  })
  assert.strictEqual(
    counts.reduce((sum, count) => sum + count, 0),
    shared.length
  )
  assert.isAtMost(tokens, options.budgetTokens)
  if (handle.reads.length === 0) assert.lengthOf(shared, 0)
})

const get = Effect.fnUntraced(function* (world: World, handle: Handle) {
  if (world.ever.size === 0) return
  const [id, scope] = world.random.pick(Array.from(world.ever))
  const found = yield* handle.memory.get(id)
  const isThere = readable(handle).has(scopeKey(scope)) && liveIn(world, scope).has(id)
  assert.deepStrictEqual(found?.scope ?? null, isThere ? scope : null)
})

const keep = (world: World, scope: Scope, id: string): void => {
  liveIn(world, scope).add(id)
  world.ever.set(id, scope)
}

const remember = Effect.fnUntraced(function* (world: World, { memory, scope }: Handle) {
  const { id } = yield* memory.remember(statement(world.random))
  if (id !== null) keep(world, scope, id)
})

/** A change by any id there ever was: one of another scope changes nothing and is refused. */
const change = Effect.fnUntraced(function* (world: World, handle: Handle) {
  if (world.ever.size === 0) return
  const { memory, scope } = handle
  const [id, owner] = world.random.pick(Array.from(world.ever))
  const isLive = liveIn(world, owner).has(id)
  const isOwn = scopeKey(owner) === scopeKey(scope)
  const verbs: { readonly [verb: string]: Effect.Effect<string | number | null, MemoryError> } = {
    update: Effect.as(memory.update(id, { importance: world.random.next() }), null),
    supersede: Effect.map(memory.supersede(id, `${sentence(world.random)} now`), (result) => result.id),
    forget: Effect.map(memory.forget(id), ({ removed }) => removed)
  }
  const verb = world.random.pick(Object.keys(verbs))
  const result = yield* Effect.result(verbs[verb] ?? Effect.succeed(null))
  if (result._tag === "Failure") {
    assert.isFalse(isOwn && isLive && verb !== "supersede", String(result.failure))
    assert.instanceOf(result.failure, MemoryError)
    const isShared = readable(handle).has(scopeKey(owner)) && isLive && !isOwn
    assert.strictEqual(result.failure.message.includes("only reads"), isShared)
    return
  }
  if (verb === "forget") {
    assert.strictEqual(result.success, isOwn && isLive ? 1 : 0)
    if (isOwn) liveIn(world, owner).delete(id)
  } else assert.isTrue(isOwn && isLive)
  if (verb === "supersede") keep(world, scope, String(result.success))
})

const empty = Effect.fnUntraced(function* (world: World, { memory, scope }: Handle) {
  const rows = liveIn(world, scope)
  if (rows.size < ROWS_MAX && world.random.chance(0.8)) return
  if (world.random.chance(0.1)) {
    yield* world.memories.eraseUser({ userId: scope.userId })
    for (const agentId of AGENTS) liveIn(world, { agentId, userId: scope.userId }).clear()
    return
  }
  yield* memory.forgetAll()
  rows.clear()
})

const inspect = Effect.fnUntraced(function* (world: World, { memory, scope }: Handle) {
  const page = yield* memory.list({ includeSuperseded: true, limit: 1_000 })
  const ids = page.rows.map((row: Memory) => row.id)
  assert.deepStrictEqual(new Set(ids), liveIn(world, scope))
  assert.strictEqual((yield* memory.stats()).kept, ids.length)
})

const step = (world: World): Effect.Effect<void, MemoryError> => {
  const handle = world.random.pick(world.handles)
  const roll = world.random.next()
  if (roll < 0.3) return remember(world, handle)
  if (roll < 0.55) return recall(world, handle)
  if (roll < 0.7) return context(world, handle)
  if (roll < 0.8) return get(world, handle)
  if (roll < 0.93) return change(world, handle)
  return roll < 0.97 ? empty(world, handle) : inspect(world, handle)
}

/** Runs `operations` random operations over a store, under a `TestClock`; fails at the first answer that is not the oracle's. */
export const runReadsProgram = (
  store: Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>,
  operations: number,
  seed: number
): Effect.Effect<void, MemoryError> =>
  Effect.gen(function* () {
    const random = makeRandom(seed)
    const memories = yield* AgentMemory
    const own = new Map<string, ScopedMemory>()
    for (const scope of SCOPES) own.set(scopeKey(scope), yield* memories.for(scope))
    const handles: Array<Handle> = []
    for (const scope of SCOPES) {
      const others = SCOPES.filter((other) => other !== scope)
      for (const count of [0, random.int(4), random.int(8)]) {
        const reads = random.some(others, count)
        handles.push({ scope, reads, memory: yield* memories.for(scope, { reads }) })
      }
    }
    const world: World = { random, memories, handles, own, live: new Map(), ever: new Map() }
    for (let at = 0; at < operations; at++) {
      yield* step(world)
      if (random.chance(0.1)) yield* TestClock.adjust("1 second")
      if (world.ever.size > 2_000)
        for (const id of world.ever.keys()) if (!isLive(world, id)) world.ever.delete(id)
    }
  }).pipe(
    Effect.provide(
      AgentMemory.layer({ purgeEvery: false }).pipe(
        Layer.provideMerge(store),
        Layer.provide(StoreFingerprint.wordsOnly)
      )
    )
  )

const isLive = (world: World, id: string): boolean => {
  const scope = world.ever.get(id)
  return scope !== undefined && liveIn(world, scope).has(id)
}
