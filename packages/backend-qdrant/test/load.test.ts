import { assert, it } from "@effect/vitest"
import { MemoryError } from "@keepsake/core/driver"
import { Effect, Exit } from "effect"
import { axis, NOW, open, row, SCOPE } from "./support/openStore.ts"
import { freshOptions, server } from "./support/servers.ts"

const RECALLS = 2_000

it.live("2,000 recalls at once are answered, or fail typed", () =>
  Effect.gen(function* () {
    const unhandled: Array<unknown> = []
    const note = (cause: unknown) => unhandled.push(cause)
    process.on("unhandledRejection", note)
    yield* Effect.addFinalizer(() => Effect.sync(() => process.off("unhandledRejection", note)))
    const { url } = yield* server
    const { store } = yield* open({ ...(yield* freshOptions(url)), timeoutMs: 50_000 })
    const rows = Array.from({ length: 100 }, (_, i) => row(`Fact number ${i} about freight.`, {}, axis(i)))
    yield* store.put({ scope: SCOPE, now: NOW, rows })
    const terms = row("freight facts").terms.ids
    const exits = yield* Effect.all(
      Array.from({ length: RECALLS }, (_, i) =>
        Effect.exit(store.search({ scope: SCOPE, now: NOW, vector: axis(i), terms, filter: {}, limit: 5 }))
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
    const answered = exits.filter(Exit.isSuccess).length
    assert.isAbove(answered, 0)
    assert.deepStrictEqual(unhandled, [])
  })
)
