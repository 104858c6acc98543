import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { HnswStore } from "@keepsake/backend-hnsw"
import { AgentMemory, type Memory, StoreFingerprint } from "@keepsake/core"
import { formerIdOfText } from "@keepsake/core/driver"
import { Effect, Layer, Stream } from "effect"
import { openStore } from "./support/openStore.ts"
import { direction, DIMENSIONS, makeRow, makeScope, NOW } from "./support/rows.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

const ada = { agentId: "tutor", userId: "ada" }

const openMemory = (path: string) =>
  Effect.gen(function* () {
    const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provide(HnswStore.layer({ path })),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
    const services = yield* Layer.build(layer)
    const memories = yield* AgentMemory.pipe(Effect.provideContext(services))
    return yield* memories.for(ada)
  })

/** As the first version exported it. */
const exportedThen = (memory: Memory): Memory => ({
  ...memory,
  id: formerIdOfText(memory.scope, memory)
})

it.live("a row that an import brings under its former id is found by a handle that knew of none", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = join(folder, "memory.db")
    const elsewhere = yield* openMemory(join(folder, "other.db"))
    yield* elsewhere.remember("I drink green tea in the morning")
    const exported = Array.from(yield* Stream.runCollect(elsewhere.export()), exportedThen)
    const former = exported[0]?.id ?? ""

    const first = yield* openMemory(path)
    yield* first.rememberMany(["The train leaves at nine.", { content: "Under a key.", key: "k" }])
    const second = yield* openMemory(path)
    yield* second.rememberMany(["The boat leaves at ten."])
    yield* second.import(exported)

    assert.deepStrictEqual(yield* first.rememberMany(["i drink green tea in the morning!"]), [
      { id: former, outcome: "refreshed" }
    ])
    const third = yield* openMemory(path)
    assert.deepStrictEqual(yield* third.remember("I drink green tea  in the morning."), {
      id: former,
      outcome: "refreshed"
    })
    assert.strictEqual(yield* third.count(), 4)
  }).pipe(Effect.scoped)
)

it.live("former ids are made where a file may hold some, and nowhere else", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "memory.db")
    const scope = makeScope("ana")
    const { store } = yield* openStore({ path })
    let asked = 0
    const stated = (content: string) => {
      const row = makeRow(scope, content, direction(1, DIMENSIONS))
      return Object.defineProperty(row, "formerIds", {
        enumerable: true,
        get: () => {
          asked++
          return []
        }
      })
    }
    yield* store.put({ scope, now: NOW, rows: [stated("One."), stated("Two.")] })
    yield* store.put({ scope, now: NOW, rows: [stated("Two."), stated("Three.")] })
    assert.strictEqual(asked, 0)
    yield* store.put({ scope, now: NOW, rows: [makeRow(scope, "Brought.", direction(2, DIMENSIONS))] })
    yield* store.put({ scope, now: NOW, rows: [stated("Four.")] })
    assert.strictEqual(asked, 1)
    // A file of a version that did not say so.
    const db = new DatabaseSync(path)
    assert.isUndefined(db.prepare("SELECT 1 FROM meta WHERE key = 'ownIds'").get())
    db.close()
  }).pipe(Effect.scoped)
)
