/** A scope on a stand-in cluster, whose promotion tests stop at every step. */
import { ANY, memoryIdOfText, type Scope, type StoreRow } from "@keepsake/core/driver"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Collection } from "../server/points/Collection.ts"
import type { Shard } from "../server/points/Shard.ts"
import { openStore } from "./openStore.ts"
import { axis, NOW, passage, row, SCOPE } from "./rows.ts"
import { startStandInCluster } from "./standIn.ts"

export type Opened = Effect.Success<ReturnType<typeof openStore>>

const WORDS = ["freight", "harbour", "invoice", "ledger", "winter", "customs", "pallet"]

/** Rows of a scope, in which words are rare and common. */
export const rowsOf = (scope: Scope, count: number, from = 0): ReadonlyArray<StoreRow> =>
  Array.from({ length: count }, (_, i) => {
    const words = WORDS.filter((_, word) => i % (word + 2) === 0).join(" ")
    const made = row(`Note ${from + i} about ${words}.`, { sessionId: `session ${i % 3}`, turn: i }, axis(i))
    return { ...made, memory: { ...made.memory, scope, id: memoryIdOfText(scope, made.memory) } }
  })

/** Another scope under the same shared key. */
export const NEIGHBOUR: Scope = { ...SCOPE, userId: "neighbour" }

const listAll = Effect.fnUntraced(function* ({ store }: Opened, scope: Scope, limit: number) {
  const found: Array<unknown> = []
  let after: Parameters<Opened["store"]["list"]>[0]["after"]
  for (;;) {
    const page = yield* store.list({ scope, now: NOW, filter: ANY, limit, closed: true, after })
    found.push(...page.rows)
    if (page.next === null) return found
    after = page.next
  }
})

/** What a store answers about a scope, by two ways of asking. */
export const shortAnswers = (opened: Opened, scope: Scope) =>
  Effect.all({ listed: listAll(opened, scope, 4), scopes: opened.admin.scopes({ limit: 10 }) })

/** What a store answers about a scope, by every way of asking. */
export const answers = Effect.fnUntraced(function* (opened: Opened, scope: Scope = SCOPE) {
  const { admin, store } = opened
  const parts = [{ vector: axis(0), terms: passage("freight harbour customs").terms.ids }]
  const { df, hits, n } = yield* store.search({ scope, now: NOW, parts, filter: ANY, limit: 100 })
  const ids = hits.map(({ facts }) => facts.id)
  return {
    listed: yield* listAll(opened, scope, 17),
    search: { df, n, hits: new Map(hits.map((hit) => [hit.facts.id, hit.parts[0]])) },
    got: new Map((yield* store.get({ scope, now: NOW, ids })).map((memory) => [memory.id, memory])),
    latest: yield* store.latest({ scope, now: NOW, filter: ANY, limit: 5 }),
    count: yield* store.count({ scope, now: NOW, filter: ANY, lifetime: "any" }),
    usage: yield* store.usage({ scope }),
    sessions: yield* store.sessions({ scope, now: NOW, limit: 10 }),
    lastTurn: yield* store.lastTurn({ scope, sessionId: "session 1" }),
    scopes: yield* admin.scopes({ limit: 10 })
  }
})

/** Opens a store on three nodes, with rows of a scope and of its neighbour. */
export const openCluster = Effect.fnUntraced(function* (count: number, shardKeys = 1) {
  const { data, nodes, url } = yield* startStandInCluster(3)
  const layout = { shardKeys }
  const opened = yield* openStore({ url, layout })
  yield* opened.store.put({ scope: SCOPE, now: NOW, rows: rowsOf(SCOPE, count) })
  yield* opened.store.put({ scope: NEIGHBOUR, now: NOW, rows: rowsOf(NEIGHBOUR, 10) })
  const { cluster } = data
  const collection = data.collections.get("keepsake")
  if (cluster === null || collection === undefined) throw new Error("There is no cluster.")
  return { ...opened, cluster, collection, data, layout, nodes, url }
})

/** How many points of a scope there are, by kind of key. */
export const countPoints = ({ shards }: Collection, { agentId, userId }: Scope = SCOPE) => {
  const scope = JSON.stringify([agentId, userId])
  const inKeys = (isOwn: boolean) =>
    shards
      .filter(({ key }: Shard) => key?.startsWith("scope-") === isOwn)
      .flatMap(({ points }) => Array.from(points.values()))
      .filter(({ payload }) => payload["scope"] === scope).length
  return { own: inKeys(true), shared: inKeys(false) }
}

/** A promotion that was killed before it deleted the old copies. */
export const promoteHalfway = Effect.fnUntraced(function* (
  { layout, nodes, url }: Effect.Success<ReturnType<typeof openCluster>>,
  scope: Scope
) {
  const { qdrant } = yield* openStore({ url, layout, retries: 0 })
  for (const node of nodes) {
    node.faults = ({ path }) =>
      path.endsWith("/points/batch") ? { _tag: "Reset", when: "before" } : undefined
  }
  yield* Effect.flip(qdrant.promoteScope(scope))
  for (const node of nodes) node.faults = () => undefined
})

/** Runs what sleeps on the test's clock, which passes quickly. */
export const hurried = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.raceFirst(
    effect,
    Effect.forever(
      Effect.andThen(
        Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1))),
        TestClock.adjust("1 second")
      )
    )
  )

/** Waits for something that the stand-in does. */
export const until = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.promise(async () => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
  })
