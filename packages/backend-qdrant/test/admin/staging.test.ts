import { assert, describe, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect } from "effect"
import { openStore } from "../support/openStore.ts"
import { axis, NOW, passage, row, SCOPE } from "../support/rows.ts"
import { openOnStandIn } from "../support/standIn.ts"

describe("a move to another embedder", () => {
  it.live("drops no collection", () =>
    Effect.gen(function* () {
      const { admin, server, store } = yield* openOnStandIn()
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("Ana likes tea.")] })
      const next = { ...(yield* admin.fingerprint), avgLen: 30 }
      yield* admin.stage(next)
      const rows = yield* admin.unstaged({ limit: 10 })
      yield* admin.fillStage(
        rows.map(({ id, scope }) => ({
          id,
          scope,
          passages: [passage("Ana likes tea.", axis(2))],
          owed: false
        }))
      )
      yield* admin.commitStage
      assert.strictEqual(server.data.collections.size, 4, "of both spaces, entries and counts")
      assert.strictEqual(server.data.collections.get("keepsake")?.points.size, 0, "its points are deleted")
      assert.isFalse(server.requests.some(({ method }) => method === "DELETE"))
      const moved = yield* openStore({ url: server.url }, next)
      const { rows: movedRows } = yield* moved.store.listRows({
        scope: SCOPE,
        now: NOW,
        filter: ANY,
        limit: 10
      })
      assert.deepStrictEqual(Array.from(movedRows[0]?.passages[0].vector ?? []), [0, 0, 1, 0])
    })
  )

  it.live("keeps no text of a memory that another handle forgets while it is filled", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("Ana likes tea.")] })
      const mover = yield* openStore({ url: server.url })
      yield* mover.admin.stage({ ...(yield* mover.admin.fingerprint), avgLen: 30 })
      const rows = yield* mover.admin.unstaged({ limit: 10 })
      const fill = mover.admin.fillStage(
        rows.map(({ id, scope }) => ({
          id,
          scope,
          passages: [passage("Ana likes tea.", axis(2))],
          owed: false
        }))
      )
      const texts = () =>
        Array.from(server.data.collections.values())
          .flatMap(({ points }) => Array.from(points.values()))
          .filter(({ payload }) => payload["content"] !== undefined).length
      yield* fill
      assert.strictEqual(texts(), 2, "whole in both")
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "All" } })
      assert.strictEqual(texts(), 0)
      yield* fill
      assert.strictEqual(texts(), 0, "nor of one that was given before it was forgotten")
    })
  )

  it.live("ends handles from before it, so that no write is lost", () =>
    Effect.gen(function* () {
      const { admin, server } = yield* openOnStandIn()
      const stale = yield* openStore({ url: server.url })
      yield* admin.stage({ ...(yield* admin.fingerprint), avgLen: 30 })
      yield* admin.commitStage
      const error = yield* Effect.flip(stale.store.put({ scope: SCOPE, now: NOW, rows: [row("Late.")] }))
      assert.strictEqual(error.reason._tag, "Closed")
    })
  )
})
