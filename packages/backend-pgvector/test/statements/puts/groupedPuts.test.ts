/** Puts of one scope given together: how many statements they are, and that each has the outcome of a put of its own. */
import {
  ANY,
  InMemoryStore,
  inMemoryData,
  MemoryStore,
  type PutRequest,
  StoreFingerprint
} from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { PgVectorStore } from "../../../src/index.ts"
import { DIMENSIONS, FINGERPRINT, freshSchema, open, sharedPGlite } from "../../support/servers.ts"
import { recording } from "../../support/recording.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const at = { scope, now: T0 }
const PUTS = 16

const openRecorded = Effect.gen(function* () {
  const sent: Array<string> = []
  const pglite = recording(yield* Effect.promise(sharedPGlite), sent)
  const handle = yield* open(PgVectorStore.layer({ pglite, schema: freshSchema() }))
  const countPuts = () => sent.filter((text) => text.includes("on conflict (scope, id) do update")).length
  return { ...handle, countPuts }
})

const together = <A, E>(calls: ReadonlyArray<Effect.Effect<A, E>>) =>
  Effect.forEach(calls, (call) => Effect.exit(call), { concurrency: "unbounded" })

const outcomesOf = (request: PutRequest, store: MemoryStore["Service"]) =>
  Effect.map(store.put(request), (results) => results.map(({ id, outcome }) => `${id} ${outcome}`))

describe("puts of one scope given together", () => {
  it.effect(`${PUTS} of them are two statements`, () =>
    Effect.gen(function* () {
      const { countPuts, store } = yield* openRecorded
      const rows = Array.from({ length: PUTS }, (_, i) => row(`apple ${i}`))
      const exits = yield* together(rows.map((one) => store.put({ ...at, rows: [one] })))
      assert.strictEqual(countPuts(), 2)
      assert.deepStrictEqual(
        exits.map((exit) => (exit._tag === "Success" ? exit.value : null)),
        rows.map(({ memory }) => [{ id: memory.id, outcome: "created" as const }])
      )
    })
  )

  it.effect("of other scopes, or with rows in common, they are statements of their own", () =>
    Effect.gen(function* () {
      const { countPuts, store } = yield* openRecorded
      const other = { agentId: "agent", userId: "other" }
      const [apple, pear] = [row("apple"), row("pear")]
      const elsewhere = rowBuilder(other, DIMENSIONS)("apple")
      yield* together([
        store.put({ ...at, rows: [apple] }),
        store.put({ ...at, rows: [pear] }),
        store.put({ ...at, rows: [pear] }),
        store.put({ scope: other, now: T0, rows: [elsewhere] })
      ])
      assert.strictEqual(countPuts(), 4)
    })
  )

  it.effect("each has the outcome that the oracle gives", () =>
    Effect.gen(function* () {
      const { store } = yield* openRecorded
      const context = yield* Layer.build(
        Layer.provide(InMemoryStore.layerOf(inMemoryData()), StoreFingerprint.layer(FINGERPRINT))
      )
      const oracle = Effect.provideContext(MemoryStore, context)
      const expiring = row("It expires.", { key: "expiring", expiresAt: T0 + 10 })
      const closed = row("The office is in Lyon.")
      const known = row("Known already.", { key: "known" })
      const former = row("Kept under its former id.")
      const prepare = (into: MemoryStore["Service"]) =>
        Effect.andThen(
          into.put({ ...at, rows: [expiring, closed, known, former] }),
          into.supersede({ scope, now: T0 + 1, id: closed.memory.id, row: row("The office is in Porto.") })
        )
      const requests: ReadonlyArray<PutRequest> = [
        [row("new, and first")],
        [row("new"), known],
        [row("other content", { key: "known" })],
        [row("other content again", { key: "expiring" })],
        [closed],
        [{ ...row("Kept under its former id!", { key: "later" }), formerIds: [former.memory.id] }],
        [row("A long text begins."), row(["The fox runs.", "The bear sleeps."])],
        [row("owed", { owed: true, vector: null })]
      ].map((rows, i) => ({ scope, now: T0 + 20 + i, rows }))
      const stores = [store, yield* oracle]
      const [ours, theirs] = yield* Effect.forEach(stores, (into) =>
        Effect.gen(function* () {
          yield* prepare(into)
          const exits = yield* together(requests.map((request) => outcomesOf(request, into)))
          const { rows } = yield* into.list({ scope, now: T0 + 30, filter: ANY, closed: true, limit: 100 })
          return { outcomes: exits.map((exit) => (exit._tag === "Success" ? exit.value : null)), rows }
        })
      )
      assert.deepStrictEqual(ours, theirs)
      const kinds = new Set(ours?.outcomes.flat().map((text) => text?.split(" ")[1] ?? ""))
      assert.sameMembers([...kinds], ["conflict", "created", "refreshed", "reopened"])
    })
  )

  it.effect("one that the database refuses fails alone", () =>
    Effect.gen(function* () {
      const { countPuts, store } = yield* openRecorded
      const bad = row("apple 7", { metadata: { text: "\u0000" } })
      const rows = Array.from({ length: PUTS }, (_, i) => (i === 7 ? bad : row(`apple ${i}`)))
      const exits = yield* together(rows.map((one) => store.put({ ...at, rows: [one] })))
      assert.strictEqual(countPuts(), 2 + (PUTS - 1))
      assert.deepStrictEqual(
        exits.flatMap((exit, i) => (exit._tag === "Success" ? [] : [i])),
        [7]
      )
      assert.strictEqual(yield* store.count({ ...at, filter: ANY }), PUTS - 1)
    })
  )

  it.effect("whole ones go together, and one that conflicts is refused alone", () =>
    Effect.gen(function* () {
      const { countPuts, store } = yield* openRecorded
      const known = row("known", { key: "known" })
      yield* store.put({ ...at, rows: [known] })
      const put = (name: string) =>
        store.put({ ...at, rows: [row(`question ${name}`), row(`answer ${name}`)], whole: "new" })
      const before = countPuts()
      yield* together(["a", "b", "c", "d"].map(put))
      assert.strictEqual(countPuts() - before, 2)
      const conflicting = store.put({ ...at, rows: [row("question x"), known], whole: "new" })
      const exits = yield* together([put("e"), put("f"), conflicting, put("g")])
      assert.deepStrictEqual(
        exits.map((exit) => (exit._tag === "Success" ? exit.value.map(({ outcome }) => outcome) : null)),
        (["created", "created", "conflict", "created"] as const).map((outcome) => [outcome, outcome])
      )
      assert.strictEqual(yield* store.count({ ...at, filter: ANY }), 1 + 2 * 7)
    })
  )
})
