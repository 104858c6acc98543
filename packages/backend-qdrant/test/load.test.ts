import { assert, it } from "@effect/vitest"
import { ANY, MemoryError } from "@keepsake/core/driver"
import { Effect, Exit } from "effect"
import { openStore } from "./support/openStore.ts"
import { axis, NOW, passage, row, SCOPE } from "./support/rows.ts"
import { freshOptions, testServer } from "./support/testServer.ts"

const SEARCHES = 2_000

it.live("answers 2,000 concurrent searches, or fails with a MemoryError", () =>
  Effect.gen(function* () {
    const unhandled: Array<unknown> = []
    const onRejection = (cause: unknown) => unhandled.push(cause)
    process.on("unhandledRejection", onRejection)
    yield* Effect.addFinalizer(() => Effect.sync(() => process.off("unhandledRejection", onRejection)))
    const { url } = yield* testServer
    const { store } = yield* openStore({ ...(yield* freshOptions(url)), timeoutMs: 50_000 })
    const rows = Array.from({ length: 100 }, (_, i) => row(`Fact number ${i} about freight.`, {}, axis(i)))
    yield* store.put({ scope: SCOPE, now: NOW, rows })
    const terms = passage("freight facts").terms.ids
    const exits = yield* Effect.all(
      Array.from({ length: SEARCHES }, (_, i) =>
        Effect.exit(
          store.search({ scope: SCOPE, now: NOW, parts: [{ vector: axis(i), terms }], filter: ANY, limit: 5 })
        )
      ),
      { concurrency: "unbounded" }
    )
    for (const exit of exits) {
      if (Exit.isSuccess(exit)) {
        assert.strictEqual(exit.value.n, 100)
        assert.isAtLeast(exit.value.hits.length, 5)
      } else {
        const error = Exit.findErrorOption(exit)
        assert.isTrue(error._tag === "Some" && error.value instanceof MemoryError)
      }
    }
    assert.isAbove(exits.filter(Exit.isSuccess).length, 0)
    assert.deepStrictEqual(unhandled, [])
  })
)
