import { assert, it } from "@effect/vitest"
import { type Condition, not, queryTerms } from "@keepsake/core/driver"
import { find } from "@keepsake/core/conformance"
import { Effect } from "effect"
import { openStore } from "../support/openStore.ts"
import { DIMENSIONS, direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

/** Reading so many rows takes several slices on any machine. */
const ROWS = 9_000
const scope = makeScope("ana")
/** Searched once: from the second search on, rows that were read are cached. */
const searched = { words: makeScope("words"), vector: makeScope("vector") }

/** True of one row, which no column tells. */
const rare: Condition = { _tag: "In", target: { path: ["number"] }, values: [1] }

/** How often the event loop ran while a call was answered. */
const countTurns = <A, E>(call: Effect.Effect<A, E>) =>
  Effect.promise(async () => {
    let turns = 0
    let answered = false
    const count = (): void => {
      turns++
      if (!answered) setImmediate(count)
    }
    setImmediate(count)
    const answer = await Effect.runPromise(call)
    answered = true
    return { turns, answer }
  })

it.live("a call that must read every row yields to the event loop, and finds what it is asked for", () =>
  Effect.gen(function* () {
    const { store } = yield* openStore({ path: `${yield* temporaryFolder}/memory.db`, synchronous: "normal" })
    for (const filled of [scope, searched.words, searched.vector]) {
      const rows = Array.from({ length: ROWS }, (_, i) =>
        makeRow(filled, `memory ${i}`, direction(i, DIMENSIONS), {
          metadata: { number: i },
          saidAt: NOW - (i % 7),
          createdAt: NOW + i
        })
      )
      for (let i = 0; i < ROWS; i += 250) {
        yield* store.put({ scope: filled, now: NOW, rows: rows.slice(i, i + 250) })
      }
    }
    const request = { scope, now: NOW, filter: rare, limit: 10 }
    // Loads the index.
    yield* store.latest({ ...request, filter: not(rare) })
    const lists = {
      latest: Effect.map(store.latest(request), (rows) => rows.map(({ memory }) => memory)),
      "list by createdAt": Effect.map(store.list(request), (page) => page.rows),
      "list by saidAt": Effect.map(store.list({ ...request, by: "saidAt" }), (page) => page.rows)
    }
    for (const [name, list] of Object.entries(lists)) {
      const { answer, turns } = yield* countTurns(list)
      assert.deepStrictEqual(
        answer.map(({ content }) => content),
        ["memory 1"],
        name
      )
      assert.isAtLeast(turns, 2, name)
    }
    const counted = yield* countTurns(store.count(request))
    assert.strictEqual(counted.answer, 1)
    assert.isAtLeast(counted.turns, 2, "count")
    const searches = {
      "search by words": find(store, { ...request, scope: searched.words, terms: queryTerms("memory") }),
      "search by vector": find(store, {
        ...request,
        scope: searched.vector,
        vector: direction(5, DIMENSIONS)
      })
    }
    for (const [name, search] of Object.entries(searches)) {
      const { answer, turns } = yield* countTurns(search)
      assert.deepStrictEqual(
        answer.hits.map(({ memory }) => memory.content),
        ["memory 1"],
        name
      )
      assert.isAtLeast(turns, 2, name)
    }
    const removal = yield* store.remove({ scope, now: NOW, target: { _tag: "Filter", filter: not(rare) } })
    assert.strictEqual(removal.removed, ROWS - 1)
  }).pipe(Effect.scoped)
)

it.live("rows that change while a call waits for its next slice are returned as they match", () =>
  Effect.gen(function* () {
    const { store } = yield* openStore({ path: `${yield* temporaryFolder}/memory.db`, synchronous: "normal" })
    const rows = Array.from({ length: ROWS }, (_, i) =>
      makeRow(scope, `memory ${i}`, direction(i, DIMENSIONS), { metadata: { number: i < 5 ? 1 : 2 } })
    )
    for (let i = 0; i < ROWS; i += 250) yield* store.put({ scope, now: NOW, rows: rows.slice(i, i + 250) })
    const search = find(store, { scope, now: NOW, filter: rare, limit: 10, terms: queryTerms("memory") })
    const ids = rows.slice(0, 3).map(({ memory }) => memory.id)
    const change = Effect.forEach(ids, (id) =>
      store.patch({ scope, now: NOW, id, change: { metadata: { number: 3 } } })
    )
    const [{ hits }] = yield* Effect.all([search, change], { concurrency: "unbounded" })
    assert.isTrue(hits.every(({ memory }) => memory.metadata["number"] === 1))
    const after = yield* search
    assert.sameMembers(
      after.hits.map(({ memory }) => memory.content),
      ["memory 3", "memory 4"]
    )
  }).pipe(Effect.scoped)
)
