import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { StoreRow } from "../../store/StoreRow.ts"
import { holds, toIds, same, sameRows } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { T0 } from "../rows.ts"
import { find } from "../model/find.ts"

const atOnce = <A, E>(calls: Iterable<Effect.Effect<A, E>>) => Effect.all(calls, { concurrency: "unbounded" })

/** The number of rows, and the counts of a search. */
const readAndCount = Effect.fnUntraced(function* (
  { row, scope, store }: LawContext,
  words: string,
  now = T0
) {
  const { rows } = yield* store.listRows({ scope, now, filter: ANY, closed: true, limit: 1_000 })
  const terms = row(words).passages[0].terms.ids
  const { df, hits, n } = yield* find(store, { scope, now, terms, filter: ANY, limit: 1_000, exact: true })
  return { rows, counts: [n, df, hits.length] }
})

export const concurrency = group("concurrency", {
  "the same statement 50 times at once is one memory": Effect.fnUntraced(function* (context) {
    const { epsilon, row, scope, store } = context
    const statement = row("Apples, all at once.")
    const outcomes = yield* atOnce(
      Array.from({ length: 50 }, () => store.put({ scope, now: T0, rows: [statement] }))
    )
    holds(
      outcomes.flat().every(({ outcome }) => outcome === "created" || outcome === "refreshed"),
      "each is created or refreshed"
    )
    const { counts, rows } = yield* readAndCount(context, "apples")
    sameRows(rows, [statement], epsilon, "the one row")
    same(counts, [1, [1], 1], "it is counted once")
  }),

  "the same statement through two instances at once is one memory": Effect.fnUntraced(function* (context) {
    const { epsilon, place, row, scope, store } = context
    const second = (yield* place.open()).store
    const statement = row("Apples from two sides.")
    yield* atOnce(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? store : second).put({ scope, now: T0, rows: [statement] })
      )
    )
    const { counts, rows } = yield* readAndCount(context, "apples")
    sameRows(rows, [statement], epsilon, "the one row")
    same(counts, [1, [1], 1], "it is counted once")
  }),

  "40 batches at once are all kept and counted": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const batches = Array.from({ length: 40 }, (_, batch) =>
      Array.from({ length: 5 }, (_, i) => row(`apple ${batch} ${i}`))
    )
    yield* atOnce(batches.map((rows) => store.put({ scope, now: T0, rows })))
    const { counts, rows } = yield* readAndCount(context, "apple")
    same(toIds(rows).toSorted(), toIds(batches.flat()).toSorted(), "the rows")
    same(counts, [200, [200], 200], "the counts")
  }),

  "one key, 20 contents at once: one of them is kept, whole": Effect.fnUntraced(function* (context) {
    const { epsilon, row, scope, store } = context
    const rivals = Array.from({ length: 20 }, (_, i) =>
      row(`apple rival${String.fromCharCode(97 + i)}`, { key: "order" })
    )
    yield* atOnce(rivals.map((rival) => store.put({ scope, now: T0, rows: [rival] })))
    const { counts, rows } = yield* readAndCount(context, "apple")
    const winner = rivals.find(({ memory }) => memory.content === rows[0]?.memory.content)
    sameRows(rows, winner ? [winner] : [], epsilon, "content, vector and words belong together")
    same([rows.length, counts], [1, [1, [1], 1]], "one row")
  }),

  "ten successors at once: the old row is closed once, every new one is kept": Effect.fnUntraced(
    function* (context) {
      const { row, scope, store } = context
      const old = row("The office is in Lyon.")
      yield* store.put({ scope, now: T0, rows: [old] })
      const successors = Array.from({ length: 10 }, (_, i) =>
        row(`The office is in city${i}.`, { at: T0 + 1 })
      )
      yield* atOnce(
        successors.map((next) => store.supersede({ scope, now: T0 + 1, id: old.memory.id, row: next }))
      )
      const { counts, rows } = yield* readAndCount(context, "office", T0 + 1)
      same(toIds(rows).toSorted(), toIds([old, ...successors]).toSorted(), "the rows")
      same(counts, [10, [10], 10], "the current ones are counted")
      const closed = rows.find(({ memory }) => memory.id === old.memory.id)?.memory
      same(closed?.validity, [{ from: T0, to: T0 + 1 }], "closed once")
      holds(toIds(successors).includes(closed?.supersededBy ?? ""), "by one of them")
    }
  ),

  "writing and forgetting different rows at once": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const make = (name: string): ReadonlyArray<StoreRow> =>
      Array.from({ length: 20 }, (_, i) => row(`apple ${name}${i}`))
    const [doomed, staying, coming] = [make("doomed"), make("staying"), make("coming")]
    yield* store.put({ scope, now: T0, rows: [...doomed, ...staying] })
    yield* atOnce<unknown, unknown>(
      Array.from({ length: 20 }, (_, i) => i).flatMap((i) => [
        store.remove({ scope, now: T0, target: { _tag: "Ids", ids: toIds(doomed.slice(i, i + 1)) } }),
        store.put({ scope, now: T0, rows: coming.slice(i, i + 1) }),
        store.patch({ scope, now: T0, id: toIds(staying)[i] ?? "", change: { pinned: true } }),
        store.touch({ scope, now: T0, ids: toIds(staying.slice(i, i + 1)) })
      ])
    )
    const { counts, rows } = yield* readAndCount(context, "apple")
    same(toIds(rows).toSorted(), toIds([...staying, ...coming]).toSorted(), "the rows")
    same(counts, [40, [40], 40], "the counts")
    const stayed = rows.filter(({ memory }) => toIds(staying).includes(memory.id))
    holds(
      stayed.every(({ memory }) => memory.pinned && memory.accessCount === 1),
      "no change was lost"
    )
  }),

  "reads between writes are answered": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = Array.from({ length: 30 }, (_, i) => row(`apple ${i}`))
    const search = {
      scope,
      now: T0,
      vector: rows[0]?.passages[0].vector ?? undefined,
      terms: row("apple").passages[0].terms.ids,
      filter: ANY,
      limit: 100
    }
    const answers = yield* atOnce(
      rows.map((statement) =>
        Effect.andThen(store.put({ scope, now: T0, rows: [statement] }), find(store, search))
      )
    )
    answers.forEach(({ df, hits, n }) => {
      same(new Set(toIds(hits)).size, hits.length, "each hit once")
      holds(hits.length >= 1 && n >= 1 && (df[0] ?? 0) >= 1, "one's own write is seen")
    })
    same((yield* find(store, search)).hits.length, 30, "in the end all are found")
  })
})
