/** A collection of the first version whose shards were made automatically: today none is made, and this one opens. */
import { assert, describe, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect, Logger } from "effect"
import { COLLECTION, firstCollection, openFirstVersion, startFirstVersion } from "../support/firstVersion.ts"
import { passage } from "../support/rows.ts"
import { Collection } from "../server/points/Collection.ts"

const NOW = 1_757_776_000_000
const SCOPE = { agentId: "assistant", userId: "ana" }

/** The same collection over three shards, as the server spreads points. */
const startSpread = Effect.gen(function* () {
  const server = yield* startFirstVersion
  const made = firstCollection(server)
  const spread = new Collection({ ...made.config, shard_number: 3 })
  spread.metadata = made.metadata
  for (const [key, params] of made.indexes) spread.indexes.set(key, params)
  for (const [id, point] of made.points) {
    spread.shards.find((shard) => spread.owns(shard, id))?.points.set(id, point)
  }
  server.data.collections.set(COLLECTION, spread)
  return { server, points: made.points.size, shards: spread.shards }
})

/** What opening warns of. */
const warningsOf = <A, E, R>(open: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => warnings.push(String(message)))
    return { opened: yield* Effect.provide(open, Logger.layer([logger])), warnings }
  })

describe("automatic shards of the first version", () => {
  it.live("open with a warning, to write and to read, and keep their memories", () =>
    Effect.gen(function* () {
      const { points, server, shards } = yield* startSpread
      assert.isTrue(shards.every((shard) => shard.points.size > 0))
      for (const options of [{ readOnly: true }, {}]) {
        const { opened, warnings } = yield* warningsOf(openFirstVersion(server, options))
        assert.match(warnings.join("\n"), /spreads each scope over 3 shards.*keepsake copy/u)
        const count = (filter = ANY) =>
          opened.store.count({ scope: SCOPE, now: NOW, filter, lifetime: "any" })
        const before = yield* count()
        assert.isAbove(before, 0)
        assert.isAtMost(before, points)
      }
      const { store } = yield* openFirstVersion(server)
      const { rows } = yield* store.listRows({ scope: SCOPE, now: NOW, filter: ANY, limit: 1 })
      const [first] = rows
      assert.isDefined(first)
      assert.deepStrictEqual(yield* store.put({ scope: SCOPE, now: NOW, rows: [first] }), [
        { id: first.memory.id, outcome: "refreshed" }
      ])
      const { ids: terms } = passage(first.memory.content).terms
      const found = yield* store.search({
        scope: SCOPE,
        now: NOW,
        parts: [{ terms }],
        filter: ANY,
        limit: 10
      })
      assert.isTrue(found.hits.some(({ facts }) => facts.id === first.memory.id))
    })
  )
})
