import type { PGlite } from "@electric-sql/pglite"
import { assert, it } from "@effect/vitest"
import { StoreFingerprint } from "@keepsake/core/driver"
import { Effect, Layer } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import { FINGERPRINT, freshSchema, sharedPGlite } from "../support/servers.ts"

/** The same database; `trips` counts what is sent to it. */
const countTrips = (pglite: PGlite) => {
  const counted = { trips: 0 }
  const proxy = new Proxy(pglite, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== "function") return member
      return (...args: ReadonlyArray<unknown>) => {
        if (name === "query" || name === "exec" || name === "transaction") counted.trips++
        return Reflect.apply(member, target, args) as unknown
      }
    }
  })
  return { counted, proxy }
}

it.effect("opening a store that exists takes two trips", () =>
  Effect.gen(function* () {
    const { counted, proxy } = countTrips(yield* Effect.promise(sharedPGlite))
    const open = Layer.build(PgVectorStore.layer({ pglite: proxy, schema: freshSchema() })).pipe(
      Effect.provide(StoreFingerprint.layer(FINGERPRINT)),
      Effect.scoped
    )
    const openAgain = Effect.andThen(
      Effect.sync(() => {
        counted.trips = 0
      }),
      open
    )
    yield* open
    assert.isAbove(counted.trips, 2)
    yield* openAgain
    assert.strictEqual(counted.trips, 2)
  })
)
