import { HnswStore } from "@keepsake/backend-hnsw"
import { type Cursor, MemoryStore } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { DatabaseSync } from "node:sqlite"
import { batchSize, DIMENSIONS, fingerprintLayer, NOW, makeScope } from "../support/rows.ts"
import { type Acknowledged, spawnWriter } from "../support/spawnWriter.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const ROUNDS = Number(process.env["KEEPSAKE_CRASH_ROUNDS"] ?? 5)
const ROWS_A_ROUND = 100_000
const KILLS_A_FILE = 20

/** Everything in the file, by content, as a store that has just been opened finds it. */
const contents = (path: string) =>
  Effect.gen(function* () {
    const store = yield* MemoryStore
    const found = new Set<string>()
    let after: Cursor | undefined
    do {
      const page = yield* store.list({
        scope: makeScope("shared"),
        now: NOW,
        filter: {},
        limit: 1_000,
        after
      })
      for (const memory of page.rows) found.add(memory.content)
      after = page.next ?? undefined
    } while (after !== undefined)
    return found
  }).pipe(
    Effect.scoped,
    Effect.provide(HnswStore.layer({ path })),
    Effect.provide(fingerprintLayer(DIMENSIONS))
  )

/** Lets a writer go on for a random while after its first acknowledgement, and kills it. */
const writeUntilKilled = (
  path: string,
  round: number,
  afterMs: number
): Effect.Effect<ReadonlyArray<Acknowledged>> =>
  Effect.promise(async () => {
    const acknowledged: Array<Acknowledged> = []
    const first = round * ROWS_A_ROUND
    const { child, ended } = spawnWriter(path, "row", first, first + ROWS_A_ROUND, 0, (told) => {
      if (acknowledged.push(told) === 1) setTimeout(() => child.kill("SIGKILL"), afterMs)
    })
    await ended
    return acknowledged
  })

it.live(
  `loses nothing acknowledged and keeps no part of a batch in ${ROUNDS} kills`,
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const random = makeRandom(20_261_122)
      let acknowledged = 0
      for (let round = 0; round < ROUNDS; round++) {
        // Some kills on the same file, then a new one, so that looking through it stays quick.
        const path = `${folder}/${Math.floor(round / KILLS_A_FILE)}.db`
        const told = yield* writeUntilKilled(path, round, random.int(60))
        const found = yield* contents(path)
        const first = round * ROWS_A_ROUND
        const end = told.at(-1)?.to ?? first
        for (let i = first; i < end; i++) assert.isTrue(found.has(`row ${i}`), `row ${i} was acknowledged`)
        // The batch that was under way is there wholly or not at all.
        const beyond = Array.from(found).filter((content) => Number(content.slice(4)) >= end).length
        assert.include([0, batchSize(told.length)], beyond)
        acknowledged += end - first
        const db = new DatabaseSync(path)
        assert.strictEqual(db.prepare("PRAGMA quick_check").get()?.["quick_check"], "ok")
        db.close()
      }
      assert.isAbove(acknowledged, 0)
    }).pipe(Effect.scoped),
  60_000 + ROUNDS * 5_000
)
