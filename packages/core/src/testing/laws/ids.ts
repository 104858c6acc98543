import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { failsWith, same } from "../check.ts"
import { group, lawFingerprint } from "../Law.ts"
import { T0 } from "../rows.ts"

/** Spellings that PostgreSQL or Qdrant take for the same UUID, and strings that are no UUID. */
const malformed = (id: string): ReadonlyArray<string> => [
  id.toUpperCase(),
  id.replaceAll("-", ""),
  `{${id}}`,
  `urn:uuid:${id}`,
  ` ${id}`,
  `${id}\n`,
  id.slice(0, -1),
  "",
  "42",
  "no id",
  "%",
  "\u0000"
]

export const ids = group("ids", {
  "get finds nothing under an id that is no lower-case UUID": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const { memory } = row("Kept.")
    yield* store.put({ scope, now: T0, rows: [row("Kept.")] })
    for (const id of malformed(memory.id)) {
      same(yield* store.get({ scope, now: T0, ids: [id] }), [], JSON.stringify(id))
    }
    const both = [...malformed(memory.id), memory.id]
    same(yield* store.get({ scope, now: T0, ids: both }), [memory], "the right id among them")
  }),

  "patch changes nothing under an id that is no lower-case UUID": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const { memory } = row("Kept.")
    yield* store.put({ scope, now: T0, rows: [row("Kept.")] })
    for (const id of malformed(memory.id)) {
      const patched = yield* store.patch({ scope, now: T0 + 1, id, change: { pinned: true } })
      same(patched, null, JSON.stringify(id))
    }
    same(yield* store.get({ scope, now: T0 + 1, ids: [memory.id] }), [memory], "the row")
  }),

  "touch passes over an id that is no lower-case UUID": Effect.fnUntraced(function* ({ row, scope, store }) {
    const { memory } = row("Kept.")
    yield* store.put({ scope, now: T0, rows: [row("Kept.")] })
    for (const id of malformed(memory.id)) yield* store.touch({ scope, now: T0 + 1, ids: [id] })
    same(yield* store.get({ scope, now: T0 + 1, ids: [memory.id] }), [memory], "the row")
    yield* store.touch({ scope, now: T0 + 1, ids: [...malformed(memory.id), memory.id] })
    const touched = { ...memory, accessCount: 1, lastAccessedAt: T0 + 1 }
    same(yield* store.get({ scope, now: T0 + 1, ids: [memory.id] }), [touched], "the right id among them")
  }),

  "remove passes over an id that is no lower-case UUID": Effect.fnUntraced(function* ({ row, scope, store }) {
    const { memory } = row("Kept.")
    yield* store.put({ scope, now: T0, rows: [row("Kept.")] })
    const removed = (ids: ReadonlyArray<string>) =>
      Effect.map(store.remove({ scope, now: T0, target: { _tag: "Ids", ids } }), (removal) => removal.removed)
    for (const id of malformed(memory.id)) same(yield* removed([id]), 0, JSON.stringify(id))
    same(yield* store.get({ scope, now: T0, ids: [memory.id] }), [memory], "the row")
    same(yield* removed([...malformed(memory.id), memory.id]), 1, "the right id among them")
  }),

  "supersede closes nothing under an old id that is no lower-case UUID, and keeps the new row":
    Effect.fnUntraced(function* ({ row, scope, store }) {
      const { memory } = row("Old.")
      yield* store.put({ scope, now: T0, rows: [row("Old.")] })
      for (const [i, id] of malformed(memory.id).entries()) {
        const next = row(`New ${i}.`, { at: T0 + 1 })
        const outcome = yield* store.supersede({ scope, now: T0 + 1, id, row: next })
        same(outcome, { outcome: "created", closed: false }, JSON.stringify(id))
        same(yield* store.get({ scope, now: T0 + 1, ids: [next.memory.id] }), [next.memory], "the new row")
      }
      same(yield* store.get({ scope, now: T0 + 1, ids: [memory.id] }), [memory], "the old row")
    }),

  "put refuses a batch with an id that is no lower-case UUID, and writes nothing": Effect.fnUntraced(
    function* ({ row, scope, store }) {
      const bad = row("Bad.")
      for (const id of malformed(bad.memory.id)) {
        const rows = [row("Good."), { ...bad, memory: { ...bad.memory, id } }]
        yield* failsWith(store.put({ scope, now: T0, rows }), "InvalidInput", JSON.stringify(id))
      }
      same(yield* store.count({ scope, now: T0, filter: ANY, lifetime: "any" }), 0, "the rows")
    }
  ),

  "supersede refuses a new row whose id is no lower-case UUID, and closes nothing": Effect.fnUntraced(
    function* ({ row, scope, store }) {
      const { memory } = row("Old.")
      const next = row("New.", { at: T0 + 1 })
      yield* store.put({ scope, now: T0, rows: [row("Old.")] })
      for (const id of malformed(next.memory.id)) {
        const renamed = { ...next, memory: { ...next.memory, id } }
        const call = store.supersede({ scope, now: T0 + 1, id: memory.id, row: renamed })
        yield* failsWith(call, "InvalidInput", JSON.stringify(id))
      }
      const { rows } = yield* store.list({ scope, now: T0 + 1, filter: ANY, closed: true, limit: 10 })
      same(rows, [memory], "the old row, alone")
    }
  ),

  "a move passes over an id that is no lower-case UUID": Effect.fnUntraced(function* (context) {
    const { dimensions, fresh, row, scope } = context
    const { admin, store } = yield* (yield* fresh).open()
    const { memory, owed, passages } = row("Kept.")
    yield* store.put({ scope, now: T0, rows: [row("Kept.")] })
    yield* admin.stage(lawFingerprint(dimensions, "next"))
    yield* admin.fillStage(malformed(memory.id).map((id) => ({ scope, id, passages, owed })))
    same(yield* admin.unstaged({ limit: 10 }), [memory], "nothing is filled")
    yield* admin.fillStage([...malformed(memory.id), memory.id].map((id) => ({ scope, id, passages, owed })))
    same(yield* admin.unstaged({ limit: 10 }), [], "the right id among them")
  })
})
