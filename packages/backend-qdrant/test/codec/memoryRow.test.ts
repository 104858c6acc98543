import { assert, describe, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect } from "effect"
import { flipError } from "../support/openStore.ts"
import { axis, NOW, SCOPE } from "../support/rows.ts"
import { openOnStandIn } from "../support/standIn.ts"

const ID = "00000000-0000-5000-8000-000000000001"

describe("a point that Keepsake did not write", () => {
  it.live("is Corrupt, by its id", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const point = {
        id: ID,
        vector: { dense: [1, 0, 0, 0] },
        payload: { scope: '["agent","user"]', scopeHash: 1, saidAt: NOW, current: true }
      }
      yield* Effect.promise(() =>
        fetch(`${server.url}/collections/keepsake/points/batch?wait=true`, {
          method: "POST",
          body: JSON.stringify({ operations: [{ upsert: { points: [point] } }] })
        })
      )
      const calls: ReadonlyArray<readonly [Effect.Effect<unknown, unknown>, string]> = [
        [store.latest({ scope: SCOPE, now: NOW, filter: ANY, limit: 5 }), "content"],
        [
          store.search({ scope: SCOPE, now: NOW, parts: [{ vector: axis(0) }], filter: ANY, limit: 5 }),
          "content"
        ]
      ]
      for (const [call, field] of calls) {
        const error = yield* flipError(call)
        assert.strictEqual(error.reason._tag, "Corrupt")
        assert.match(error.message, new RegExp(`Point ${ID} has no readable ${field}`, "u"))
      }
    })
  )
})
