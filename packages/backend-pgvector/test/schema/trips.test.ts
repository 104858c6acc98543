import type { PGlite } from "@electric-sql/pglite"
import { assert, it } from "@effect/vitest"
import { AgentMemory } from "@keepsake/core"
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

it.effect("the first recall of a process then takes one for each call of the store", () =>
  Effect.gen(function* () {
    const { counted, proxy } = countTrips(yield* Effect.promise(sharedPGlite))
    const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provide(PgVectorStore.layer({ pglite: proxy, schema: freshSchema(), accessCounts: false })),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
    const open = Effect.gen(function* () {
      const memories = yield* AgentMemory.pipe(Effect.provideContext(yield* Layer.build(layer)))
      return yield* memories.for({ agentId: "a", userId: "u" })
    })
    yield* Effect.scoped(
      Effect.flatMap(open, (memory) =>
        memory.rememberExchange({
          sessionId: "s",
          user: "The crates go to Oslo by rail.",
          assistant: "Oslo, by rail."
        })
      )
    )
    counted.trips = 0
    yield* Effect.scoped(
      Effect.gen(function* () {
        const memory = yield* open
        assert.strictEqual(counted.trips, 2)
        const found = yield* memory.recall("Where do the crates go?")
        assert.strictEqual(found[0]?.memory.content, "The crates go to Oslo by rail.")
        // Speakers, the search, and neighbours with texts, which are asked together: three trips.
        assert.strictEqual(counted.trips, 2 + 4)
      })
    )
  })
)
