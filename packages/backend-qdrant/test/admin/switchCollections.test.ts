/** What happens to writes that meet the commit of a move. */
import { assert, describe, it } from "@effect/vitest"
import type { Fingerprint } from "@keepsake/core/driver"
import { Effect } from "effect"
import { axis, failure, NOW, open, row, SCOPE, SPACE, standIn } from "../support/openStore.ts"
import type { QdrantServer } from "../server/QdrantServer.ts"

const NEXT: Fingerprint = { ...SPACE, avgLen: 30 }
const LATER = NOW + 1_000

const [kept, patched, forgotten, late] = ["Kept.", "Patched.", "Forgotten.", "Late."].map((text) =>
  row(text)
) as [ReturnType<typeof row>, ReturnType<typeof row>, ReturnType<typeof row>, ReturnType<typeof row>]

/** Three rows, filled into the next space, ready to be committed; and a second, unknowing handle. */
const staged = Effect.gen(function* () {
  const server = yield* standIn()
  const unknowing = yield* open({ url: server.url })
  const { admin, store } = yield* open({ url: server.url, retries: 100 })
  yield* store.put({ scope: SCOPE, now: NOW, rows: [kept, patched, forgotten] })
  yield* admin.stage(NEXT)
  const rows = yield* admin.unstaged({ limit: 10 })
  yield* admin.fillStage(rows.map(({ id }) => ({ id, scope: SCOPE, vector: axis(1), terms: kept.terms })))
  return { admin, server, unknowing }
})

/** Holds the switch back until `meanwhile` is done. */
const beforeSwitch = <A>(
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
    const [done] = yield* Effect.all([commit, writing], { concurrency: "unbounded" })
    return done
  })

describe("a commit", () => {
  it.live("brings over what an unknowing handle wrote while it copied, and drops what that one forgot", () =>
    Effect.gen(function* () {
      const { admin, server, unknowing } = yield* staged
      const { store } = unknowing
      const writes = Effect.gen(function* () {
        const { id } = patched.memory
        yield* store.patch({ scope: SCOPE, now: LATER, id, change: { pinned: true } })
        yield* store.remove({ scope: SCOPE, now: LATER, target: { _tag: "Ids", ids: [forgotten.memory.id] } })
        yield* store.put({ scope: SCOPE, now: LATER, rows: [late] })
      })
      yield* beforeSwitch(server, admin.commitStage, writes)
      const { store: moved } = yield* open({ url: server.url }, NEXT)
      const { rows } = yield* moved.list({ scope: SCOPE, now: LATER, filter: {}, limit: 10 })
      assert.deepStrictEqual(
        rows
          .map(({ content, pinned }) => ({ content, pinned }))
          .toSorted((a, b) => (a.content < b.content ? -1 : 1)),
        [
          { content: "Kept.", pinned: false },
          { content: "Late.", pinned: false },
          { content: "Patched.", pinned: true }
        ]
      )
      assert.strictEqual(server.data.collections.get("keepsake")?.points.size, 0)
      const left = Array.from(server.data.collections.values()).flatMap(({ points }) =>
        Array.from(points.keys())
      )
      assert.isFalse(left.includes(forgotten.memory.id))
      const { hits } = yield* moved.search({
        scope: SCOPE,
        now: LATER,
        terms: late.terms.ids,
        filter: {},
        limit: 5
      })
      assert.deepStrictEqual(
        hits.map(({ memory }) => memory.content),
        ["Late."]
      )
    })
  )

  it.live("that cannot empty the old collection says so; the new space serves", () =>
    Effect.gen(function* () {
      const { admin, server } = yield* staged
      server.faults = ({ body, path }) =>
        path === "/collections/keepsake/points/batch" && JSON.stringify(body).includes('"delete"')
          ? { _tag: "Status", status: 400 }
          : undefined
      const error = yield* failure(admin.commitStage)
      assert.match(error.message, /still in collection keepsake.*drop that collection/u)
      const { store } = yield* open({ url: server.url }, NEXT)
      assert.strictEqual(yield* store.count({ scope: SCOPE, now: NOW, filter: {} }), 3)
    })
  )
})
