import { HnswStore } from "@keepsake/backend-hnsw"
import { ANY, type Cursor, MemoryStore } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { DatabaseSync } from "node:sqlite"
import { batchSize, DIMENSIONS, fingerprintLayer, NOW, makeScope } from "../support/rows.ts"
import { type Acknowledged, spawnWriter } from "../support/spawnWriter.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const ROUNDS = Number(process.env["KEEPSAKE_CRASH_ROUNDS"] ?? 5)
const ROWS_PER_ROUND = 100_000
const KILLS_PER_FILE = 20

/** All contents in the file, read by a newly opened store. */
const readContents = (path: string) =>
  Effect.gen(function* () {
    const store = yield* MemoryStore
    const contents = new Set<string>()
    let after: Cursor | undefined
    do {
      const page = yield* store.list({
        scope: makeScope("shared"),
        now: NOW,
        filter: ANY,
        limit: 1_000,
        after
      })
      for (const memory of page.rows) contents.add(memory.content)
      after = page.next ?? undefined
    } while (after !== undefined)
    return contents
  }).pipe(
    Effect.scoped,
    Effect.provide(HnswStore.layer({ path })),
    Effect.provide(fingerprintLayer(DIMENSIONS))
  )

/** Kills a writer some time after its first acknowledgement. */
const writeUntilKilled = (
  path: string,
  round: number,
  afterMs: number
): Effect.Effect<ReadonlyArray<Acknowledged>> =>
  Effect.promise(async () => {
    const acknowledged: Array<Acknowledged> = []
    const first = round * ROWS_PER_ROUND
    const { child, ended } = spawnWriter(path, "row", first, first + ROWS_PER_ROUND, 0, (batch) => {
      if (acknowledged.push(batch) === 1) setTimeout(() => child.kill("SIGKILL"), afterMs)
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
        // A new file after some kills, so that reading it stays quick.
        const path = `${folder}/${Math.floor(round / KILLS_PER_FILE)}.db`
        const batches = yield* writeUntilKilled(path, round, random.int(60))
        const contents = yield* readContents(path)
        const first = round * ROWS_PER_ROUND
        const end = batches.at(-1)?.to ?? first
        for (let i = first; i < end; i++) assert.isTrue(contents.has(`row ${i}`), `row ${i} was acknowledged`)
        // The unacknowledged batch is written as a whole or not at all.
        const unacknowledged = Array.from(contents).filter(
          (content) => Number(content.slice(4)) >= end
        ).length
        assert.include([0, batchSize(batches.length)], unacknowledged)
        acknowledged += end - first
        const db = new DatabaseSync(path)
        assert.strictEqual(db.prepare("PRAGMA quick_check").get()?.["quick_check"], "ok")
        db.close()
      }
      assert.isAbove(acknowledged, 0)
    }).pipe(Effect.scoped),
  300_000 + ROUNDS * 5_000
)
