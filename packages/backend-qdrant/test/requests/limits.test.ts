import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { flipError, openStore } from "../support/openStore.ts"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { openOnStandIn } from "../support/standIn.ts"

const TWO = { memories: 2, whenFull: "refuse" } as const

describe("limits of a scope", () => {
  it.live("count what another store wrote", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const other = yield* openStore({ url: server.url })
      yield* other.store.put({ scope: SCOPE, now: NOW, rows: [row("One."), row("Two.")] })
      const put = store.put({ scope: SCOPE, now: NOW, rows: [row("Three.")], limits: TWO })
      assert.strictEqual((yield* flipError(put)).reason._tag, "LimitReached")
      assert.deepStrictEqual(yield* other.store.usage({ scope: SCOPE }), { memories: 2, bytes: 8, owed: 0 })
    })
  )

  it.live("cost a put that fits one trip no more", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("One.")], limits: TWO })
      const last = server.requests.at(-1)?.path ?? ""
      assert.strictEqual(
        server.requests.length,
        5,
        "the read, two facets and a count together, then the write"
      )
      assert.match(last, /points\/batch$/u)
    })
  )
})
