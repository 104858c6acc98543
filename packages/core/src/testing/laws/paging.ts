import { toCondition } from "../../memory/Filter.ts"
import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { Memory } from "../../memory/Memory.ts"
import { type Cursor, type ListRequest, type Page, STORE_LIMITS } from "../../store/MemoryStore.ts"
import { holds, toIds, same } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** Reads all pages; `meanwhile` runs after each. */
const readAll = Effect.fnUntraced(function* <Row, E>(
  ask: (after: Cursor | undefined) => Effect.Effect<Page<Row>, E>,
  limit: number,
  meanwhile: (page: ReadonlyArray<Row>, pages: number) => Effect.Effect<unknown, E> = () => Effect.void
) {
  const rows: Array<Row> = []
  let after: Cursor | undefined
  for (let pages = 1; ; pages++) {
    const page = yield* ask(after)
    holds(page.rows.length <= limit, `a page of ${page.rows.length} where ${limit} were asked for`)
    holds(page.next === null || page.rows.length > 0, "an empty page is the last")
    holds(pages <= 1_000, "the end is reached")
    rows.push(...page.rows)
    if (page.next === null) return rows
    after = page.next
    yield* meanwhile(page.rows, pages)
  }
})

const lister =
  ({ scope, store }: LawContext, request: Partial<ListRequest> & { readonly limit: number }) =>
  (after: Cursor | undefined) =>
    store.list({ scope, now: T0 + 1_000, filter: ANY, ...request, after })

/** 60 rows of six moments: within each, ids decide the order. */
const sixty = Effect.fnUntraced(function* ({ row, scope, store }: LawContext) {
  const rows = Array.from({ length: 60 }, (_, i) =>
    row(`row ${i}`, {
      at: T0 + (i % 6),
      saidAt: T0 - (i % 5) * 100,
      validity: [{ from: T0, to: null }],
      type: i % 4 === 0 ? "semantic" : "episodic",
      expiresAt: i % 10 === 9 ? T0 + 500 : null
    })
  )
  yield* store.put({ scope, now: T0, rows })
  return rows
})

export const paging = group("paging", {
  "pages of every size add up to the whole, in order": Effect.fnUntraced(function* (context) {
    const rows = yield* sixty(context)
    const live = rows.filter(({ memory }) => memory.expiresAt === null)
    const expected = toIds(
      live.toSorted((a, b) => a.memory.createdAt - b.memory.createdAt || (a.memory.id < b.memory.id ? -1 : 1))
    )
    for (const limit of [1, 7, 27, 53, 54, 55, 1_000]) {
      same(toIds(yield* readAll(lister(context, { limit }), limit)), expected, `pages of ${limit}`)
    }
    for (const by of ["createdAt", "saidAt"] as const) {
      const inOrder = live.toSorted(
        (a, b) => a.memory[by] - b.memory[by] || (a.memory.id < b.memory.id ? -1 : 1)
      )
      for (const limit of [1, 7, 54]) {
        const forward = yield* readAll(lister(context, { limit, by }), limit)
        same(toIds(forward), toIds(inOrder), `pages of ${limit} by ${by}`)
        const back = yield* readAll(lister(context, { limit, by, newestFirst: true }), limit)
        same(toIds(back), toIds(inOrder.toReversed()), `pages of ${limit} by ${by}, newest first`)
      }
    }
    const { scope, store } = context
    const whole = yield* readAll(
      (after) => store.listRows({ scope, now: T0 + 1_000, filter: ANY, limit: 7, after }),
      7
    )
    same(toIds(whole), expected, "listRows")
  }),

  "pages keep to the filter": Effect.fnUntraced(function* (context) {
    const rows = yield* sixty(context)
    const filter = toCondition({ types: ["semantic"] })
    const read = yield* readAll(lister(context, { limit: 4, filter }), 4)
    const expected = rows.filter(({ memory }) => memory.type === "semantic" && memory.expiresAt === null)
    same(toIds(read).toSorted(), toIds(expected).toSorted(), "the rows of the type")
  }),

  "a full last page ends the list": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({ scope, now: T0, rows: [row("a"), row("b"), row("c"), row("d")] })
    const first = yield* lister(context, { limit: 2 })(undefined)
    holds(first.next !== null, "there is more")
    const second = yield* lister(context, { limit: 2 })(first.next ?? undefined)
    same([second.rows.length, second.next], [2, null], "the end")
    same(
      yield* lister({ ...context, scope: context.scopeOf("empty") }, { limit: 2 })(undefined),
      { rows: [], next: null },
      "an empty scope"
    )
  }),

  "rows written meanwhile: none shows twice, none is skipped": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = (yield* sixty(context)).filter(({ memory }) => memory.expiresAt === null)
    const read = yield* readAll(lister(context, { limit: 5 }), 5, (_, pages) =>
      store.put({
        scope,
        now: T0 + 1_000,
        rows: [
          row(`later ${pages}`, { at: T0 + 1_000 }),
          row(`now ${pages}`, { at: T0 + 3 }),
          row(`earlier ${pages}`, { at: T0 - 1_000 })
        ]
      })
    )
    const seen = toIds(read)
    same(new Set(seen).size, seen.length, "each once")
    same(
      toIds(rows).filter((id) => !seen.includes(id)),
      [],
      "those that were there from the start and are missing"
    )
  }),

  "rows changed, said again and forgotten meanwhile, the cursor's own included": Effect.fnUntraced(
    function* (context) {
      const { row, scope, store } = context
      const rows = (yield* sixty(context)).filter(({ memory }) => memory.expiresAt === null)
      const read = yield* readAll(lister(context, { limit: 5 }), 5, (page, pages) =>
        Effect.gen(function* () {
          const [first, last] = [page[0], page.at(-1)]
          if (first === undefined || last === undefined) return
          yield* store.patch({ scope, now: T0 + 900 + pages, id: first.id, change: { importance: 1 } })
          yield* store.put({
            scope,
            now: T0 + 900,
            rows: [row(first.content, { type: first.type, at: T0 + 900 })]
          })
          yield* store.remove({ scope, now: T0 + 900, target: { _tag: "Ids", ids: [last.id] } })
        })
      )
      same(toIds(read).toSorted(), toIds(rows).toSorted(), "every row was read once")
    }
  ),

  "a page of 1,000 rows": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = Array.from({ length: 1_010 }, (_, i) => row(`row ${i}`, { at: T0 + Math.floor(i / 300) }))
    for (let from = 0; from < rows.length; from += 256) {
      yield* store.put({ scope, now: T0, rows: rows.slice(from, from + 256) })
    }
    const page = yield* lister(context, { limit: 1_000 })(undefined)
    same(page.rows.length, 1_000, "one page")
    const rest = yield* lister(context, { limit: 1_000 })(page.next ?? undefined)
    same([rest.rows.length, rest.next], [10, null], "the rest")
    same(new Set(toIds([...page.rows, ...rest.rows])).size, 1_010, "each once")
    const result = yield* find(store, {
      scope,
      now: T0,
      vector: rows[0]?.passages[0].vector ?? undefined,
      terms: row("row").passages[0].terms.ids,
      filter: ANY,
      limit: 1_000,
      exact: true
    })
    same([result.n, result.df], [1_010, [1_010]], "n and df")
    holds(result.hits.length >= 1_000 && result.hits.length <= 1_010, "1,000 hits a channel")
    same((yield* store.latest({ scope, now: T0, filter: ANY, limit: 1_000 })).length, 1_000, "latest")
  }),

  "long texts end a page early, and the pages add up": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const letters = ["a", "b", "c", "d", "e", "f"]
    const rows = letters.map((letter, i) => row(letter.repeat(900_000), { at: T0 + i }))
    yield* store.put({ scope, now: T0, rows: rows.slice(0, 4) })
    yield* store.put({ scope, now: T0, rows: rows.slice(4) })
    const sizes: Array<number> = []
    const seen: Array<string> = []
    let after: Cursor | undefined
    do {
      const page: Page<Memory> = yield* store.list({ scope, now: T0, filter: ANY, limit: 100, after })
      sizes.push(page.rows.reduce((sum, { content }) => sum + content.length, 0))
      seen.push(...page.rows.map(({ content }) => content[0] ?? ""))
      after = page.next ?? undefined
    } while (after !== undefined)
    same(seen, letters, "each row once, in order")
    holds(Math.max(...sizes) < STORE_LIMITS.pageCharacters + 900_000, "no page is far too long")
    holds(sizes.length > 1, "in several pages")
  })
})
