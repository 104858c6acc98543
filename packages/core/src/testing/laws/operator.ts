import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { ScopeCount } from "../../store/StoreAdmin.ts"
import type { Scope } from "../../memory/Scope.ts"
import { toContents, holds, same, sameRemoval } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** Every scope of the shared place, read in pages. */
const walk = Effect.fnUntraced(function* ({ admin }: LawContext, limit: number) {
  const counts: Array<ScopeCount> = []
  let after: Scope | undefined
  for (;;) {
    const page = yield* admin.scopes({ limit, ...(after && { after }) })
    holds(page.length <= limit, "a page keeps to its limit")
    counts.push(...page)
    after = page.at(-1)?.scope
    if (page.length < limit) return counts
  }
})

const ofUsers = (counts: ReadonlyArray<ScopeCount>, ...users: ReadonlyArray<string>) =>
  counts
    .filter(({ scope }) => users.includes(scope.userId))
    .toSorted((a, b) => (JSON.stringify(a.scope) < JSON.stringify(b.scope) ? -1 : 1))

export const operator = group("operator", {
  "the store says what it is, and receipts say what it did to the bytes": Effect.fnUntraced(
    function* (context) {
      const { admin, row, scope, store } = context
      holds(admin.backend.length > 0, "a name")
      yield* store.put({ scope, now: T0, rows: [row("One."), row("Two.", { expiresAt: T0 + 1 })] })
      const byId = { _tag: "Ids", ids: [row("One.").memory.id] } as const
      const remove = store.remove({ scope, now: T0, target: byId })
      sameRemoval(yield* remove, 1, "remove")
      sameRemoval(yield* remove, 0, "remove again")
      const erase = admin.eraseUser({ userId: scope.userId })
      sameRemoval(yield* erase, 1, "eraseUser")
      sameRemoval(yield* erase, 0, "eraseUser again")
    }
  ),

  "scopes lists each scope that holds a row, with its count": Effect.fnUntraced(function* (context) {
    const { admin, row, scope, scopeOf, store } = context
    const other = scopeOf("other")
    const elsewhere: Scope = { agentId: "another agent", userId: scope.userId }
    const put = (whose: Scope, texts: ReadonlyArray<string>, parts = {}) =>
      store.put({ scope: whose, now: T0, rows: texts.map((text) => row(text, { scope: whose, ...parts })) })
    yield* put(scope, ["a", "b", "c"])
    yield* put(elsewhere, ["expired"], { expiresAt: T0 + 1 })
    yield* put(other, ["closed"], { validity: [{ from: T0 - 1, to: T0 }] })
    const expected = [
      { scope: elsewhere, rows: 1, bytes: 7 },
      { scope, rows: 3, bytes: 3 },
      { scope: other, rows: 1, bytes: 6 }
    ]
    const users = [scope.userId, other.userId]
    const whole = yield* walk(context, 1_000)
    same(ofUsers(whole, ...users), ofUsers(expected, ...users), "the scopes")
    same(yield* walk(context, 3), whole, "pages add up to the whole, in the same order")
    const following = whole.slice(whole.findIndex(({ scope }) => scope.userId === other.userId) + 1)
    yield* store.remove({ scope: other, now: T0, target: { _tag: "All" } })
    same(ofUsers(yield* walk(context, 1_000), other.userId), [], "an emptied scope is no longer there")
    same(yield* admin.scopes({ after: other, limit: 1_000 }), following, "but a walk goes on after it")
  }),

  "eraseUser removes a user's rows of every lifetime under every agent, and no one else's": Effect.fnUntraced(
    function* (context) {
      const { admin, row, scope, store } = context
      const { userId } = scope
      const agents = ["laws", "another agent", "Laws"]
      const say = (whose: Scope) =>
        store.put({
          scope: whose,
          now: T0,
          rows: [
            row("live apple", { scope: whose }),
            row("expired apple", { scope: whose, expiresAt: T0 + 1 }),
            row("closed apple", { scope: whose, validity: [{ from: T0 - 1, to: T0 }] })
          ]
        })
      const others: ReadonlyArray<Scope> = [
        { agentId: "laws", userId: `${userId}2` },
        { agentId: "laws", userId: userId.toUpperCase() },
        { agentId: userId, userId: "laws" },
        { agentId: "laws", userId: `%${userId}%` }
      ]
      for (const agentId of agents) yield* say({ agentId, userId })
      for (const other of others) yield* say(other)
      same((yield* admin.eraseUser({ userId })).removed, 9, "removed")
      for (const agentId of agents) {
        const own = { agentId, userId }
        const { rows } = yield* store.list({ scope: own, now: T0, filter: ANY, closed: true, limit: 10 })
        same(toContents(rows), [], "nothing is left")
        const terms = row("apple").passages[0].terms.ids
        const result = yield* find(store, { scope: own, now: T0, terms, filter: ANY, limit: 10 })
        same([result.n, result.df, result.hits], [0, [0], []], "nothing is counted or found")
      }
      for (const other of others) {
        const { rows } = yield* store.list({ scope: other, now: T0, filter: ANY, closed: true, limit: 10 })
        same(rows.length, 3, `the rows of ${JSON.stringify(other)}`)
      }
      same((yield* admin.eraseUser({ userId })).removed, 0, "a second time")
    }
  )
})
