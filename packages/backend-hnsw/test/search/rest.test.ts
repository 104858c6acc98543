import { assert, it } from "@effect/vitest"
import { ANY, documentTerms, type MemoryStore, yieldToEventLoop } from "@keepsake/core/driver"
import { Effect } from "effect"
import { DatabaseSync } from "node:sqlite"
import { DIMENSIONS, fillFile, readBlocks, scope } from "../support/blocks.ts"
import { openStore } from "../support/openStore.ts"
import { direction, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

type Store = MemoryStore["Service"]

/** New questions, and the texts of what they find. */
const ask = (store: Store, from: number, to: number) =>
  Effect.forEach(Array.from({ length: to - from }), (_, i) =>
    Effect.gen(function* () {
      const vector = direction((from + i) * 3, DIMENSIONS)
      const terms = documentTerms("harbour lantern").ids
      const { hits } = yield* store.search({
        scope,
        now: NOW,
        filter: ANY,
        limit: 20,
        parts: [{ vector, terms }]
      })
      const rows = hits.map(({ facts, parts: [evidence] }) => ({
        id: facts.id,
        passage: evidence?.nearest ?? 0
      }))
      const anchors = [{ sessionId: "session 1", turn: 91 }]
      const around = { scope, now: NOW, filter: ANY, anchors, radius: 30, parts: [{ vector }] }
      const near = yield* store.around(around)
      // An excerpt is made when it is asked for.
      const texts = near.map(({ excerpt }) => excerpt)
      return [hits, yield* store.excerpts({ scope, now: NOW, rows }), near, texts]
    })
  )

const askAndDeleteBodies = (rows: number, askedBefore: number) =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* fillFile(path, rows, rows)
    const open = openStore({ path, synchronous: "normal" }, DIMENSIONS)
    const expected = yield* Effect.scoped(Effect.flatMap(open, ({ store }) => ask(store, 10, 20)))
    const { store } = yield* open
    yield* ask(store, 0, askedBefore)
    for (let turn = 0; turn < 40; turn++) yield* yieldToEventLoop
    const db = new DatabaseSync(path)
    db.exec("DELETE FROM body_1")
    db.close()
    return { hasBlocks: readBlocks(path).intact.length > 0, expected, answered: yield* ask(store, 10, 20) }
  })

it.live("a scope that is asked again is read whole in between, and answers from memory", () =>
  Effect.gen(function* () {
    const twice = yield* askAndDeleteBodies(400, 2)
    assert.isTrue(twice.hasBlocks)
    assert.deepStrictEqual(twice.answered, twice.expected)
    // One question reads what it needs alone.
    const once = yield* askAndDeleteBodies(400, 1)
    assert.notDeepEqual(once.answered, once.expected)
  }).pipe(Effect.scoped)
)

it.live("a small scope is read whole at once", () =>
  Effect.gen(function* () {
    const { answered, expected, hasBlocks } = yield* askAndDeleteBodies(60, 1)
    assert.isFalse(hasBlocks)
    assert.deepStrictEqual(answered, expected)
  }).pipe(Effect.scoped)
)
