import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { HnswStore } from "@keepsake/backend-hnsw"
import { AgentMemory, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer } from "effect"
import { temporaryFolder } from "./support/temporaryFolder.ts"

describe("an exchange", () => {
  it.effect("is stored whole or not at all when SQLite fails between its rows", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "memory.db")
      const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
        Layer.provide(HnswStore.layer({ path })),
        Layer.provide(StoreFingerprint.wordsOnly)
      )
      const services = yield* Layer.build(layer)
      const memories = yield* AgentMemory.pipe(Effect.provideContext(services))
      const user = yield* memories.for({ agentId: "tutor", userId: "ada" })
      const exchange = { user: "Where do I ship?", assistant: "To Oslo.", sessionId: "s" }

      const database = new DatabaseSync(path)
      database.exec(
        "CREATE TRIGGER second_row BEFORE INSERT ON memory WHEN NEW.turn % 2 = 1 BEGIN SELECT RAISE(ABORT, 'no room'); END"
      )
      assert.strictEqual((yield* Effect.exit(user.rememberExchange(exchange)))._tag, "Failure")
      assert.strictEqual(
        (yield* Effect.exit(user.rememberExchange({ ...exchange, turn: 4 })))._tag,
        "Failure"
      )
      assert.strictEqual((yield* user.stats()).kept, 0)

      database.exec("DROP TRIGGER second_row")
      database.close()
      yield* user.rememberExchange(exchange)
      assert.deepStrictEqual(
        (yield* user.list()).rows.map(({ turn }) => turn),
        [0, 1]
      )
    })
  )
})
