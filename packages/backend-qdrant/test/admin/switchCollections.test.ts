/** Writes during the commit of a move. */
import { assert, describe, it } from "@effect/vitest"
import { ANY, type Fingerprint } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { QdrantServer } from "../server/QdrantServer.ts"
import { FINGERPRINT, flipError, openStore } from "../support/openStore.ts"
import { axis, longRow, NOW, passage, row, SCOPE } from "../support/rows.ts"
import { startStandIn } from "../support/standIn.ts"

const NEXT: Fingerprint = { ...FINGERPRINT, avgLen: 30 }
const LATER = NOW + 1_000

const unchanged = row("Unchanged.")
const patched = row("Patched.")
const forgotten = row("Forgotten.")
const late = row("Late.")
const long = longRow(["Long one.", "Long two."])
const lateLong = longRow(["Late one.", "Late two.", "Late three."])

/** A move that is ready to commit, with three rows. `unaware` is a handle that was opened before the move. */
const prepareMove = Effect.gen(function* () {
  const server = yield* startStandIn()
  const unaware = yield* openStore({ url: server.url })
  const { admin, store } = yield* openStore({ url: server.url, retries: 100 })
  yield* store.put({ scope: SCOPE, now: NOW, rows: [unchanged, patched, forgotten, long] })
  yield* admin.stage(NEXT)
  const rows = yield* admin.unstaged({ limit: 10 })
  yield* admin.fillStage(
    rows.map(({ content, id }) => ({ id, scope: SCOPE, passages: [passage(content, axis(1))], owed: false }))
  )
  return { admin, server, unaware }
})

/** Runs `meanwhile` during the commit: after the payloads are copied, before the aliases are switched. */
const commitDuring = <A>(
  server: QdrantServer,
  commit: Effect.Effect<A, unknown>,
  meanwhile: Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function* () {
    const reached = Promise.withResolvers<void>()
    let written = false
    server.faults = ({ path }) => {
      if (!path.endsWith("/collections/aliases") || written) return undefined
      reached.resolve()
      return { _tag: "Status", status: 503 }
    }
    const writing = Effect.promise(() => reached.promise).pipe(
      Effect.andThen(meanwhile),
      Effect.andThen(
        Effect.sync(() => {
          written = true
        })
      )
    )
    const [committed] = yield* Effect.all([commit, writing], { concurrency: "unbounded" })
    return committed
  })

describe("a commit", () => {
  it.live("copies what an unaware handle wrote during the copy, and deletes what it forgot", () =>
    Effect.gen(function* () {
      const { admin, server, unaware } = yield* prepareMove
      const { store } = unaware
      const writes = Effect.gen(function* () {
        const { id } = patched.memory
        yield* store.patch({ scope: SCOPE, now: LATER, id, change: { pinned: true } })
        yield* store.remove({ scope: SCOPE, now: LATER, target: { _tag: "Ids", ids: [forgotten.memory.id] } })
        yield* store.put({ scope: SCOPE, now: LATER, rows: [late, lateLong] })
        yield* store.patch({ scope: SCOPE, now: LATER, id: long.memory.id, change: { pinned: true } })
      })
      yield* commitDuring(server, admin.commitStage, writes)
      const { store: moved } = yield* openStore({ url: server.url }, NEXT)
      const { rows } = yield* moved.list({ scope: SCOPE, now: LATER, filter: ANY, limit: 10 })
      assert.deepStrictEqual(
        rows
          .map(({ content, pinned }) => ({ content, pinned }))
          .toSorted((a, b) => (a.content < b.content ? -1 : 1)),
        [
          { content: lateLong.memory.content, pinned: false },
          { content: "Late.", pinned: false },
          { content: long.memory.content, pinned: true },
          { content: "Patched.", pinned: true },
          { content: "Unchanged.", pinned: false }
        ]
      )
      assert.strictEqual(server.data.collections.get("keepsake")?.points.size, 0)
      const ids = Array.from(server.data.collections.values()).flatMap(({ points }) =>
        Array.from(points.keys())
      )
      assert.notInclude(ids, forgotten.memory.id)
      const { hits } = yield* moved.search({
        scope: SCOPE,
        now: LATER,
        parts: [{ terms: passage("late three two").terms.ids }],
        filter: ANY,
        limit: 5
      })
      assert.deepStrictEqual(
        hits.map(({ facts, parts: [part] }) => `${facts.id} ${part?.worded}`).toSorted(),
        [`${late.memory.id} 0`, `${lateLong.memory.id} 2`, `${long.memory.id} 0`].toSorted(),
        "a text is cut as the new space has it, one of the last moment as it was"
      )
    })
  )

  it.live("says that it could not empty the old collection; the new one serves", () =>
    Effect.gen(function* () {
      const { admin, server } = yield* prepareMove
      server.faults = ({ body, path }) =>
        path === "/collections/keepsake/points/batch" && JSON.stringify(body).includes('"delete"')
          ? { _tag: "Status", status: 400 }
          : undefined
      const error = yield* flipError(admin.commitStage)
      assert.match(error.message, /still in collection keepsake.*drop that collection/u)
      const { store } = yield* openStore({ url: server.url }, NEXT)
      assert.strictEqual(yield* store.count({ scope: SCOPE, now: NOW, filter: ANY }), 4)
    })
  )
})
