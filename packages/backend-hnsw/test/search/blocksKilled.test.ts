import { assert, it } from "@effect/vitest"
import { HnswFile } from "@keepsake/backend-hnsw"
import { makeRandom } from "@keepsake/core/testing"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { copyFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import {
  askAll,
  DIMENSIONS,
  makeFile,
  makeRows,
  readBlocks,
  scope,
  visit,
  writeBlocks
} from "../support/blocks.ts"
import { openStore } from "../support/openStore.ts"
import { NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const KILLS = Number(process.env["KEEPSAKE_BLOCK_KILLS"] ?? 5)
const SCRIPT = new URL("../harness/blockWriter.ts", import.meta.url).pathname
const ROWS = 3_000
/** About as long as the blocks of a file take. */
const LONGEST_MS = 200

/** Kills a process some time after it began to write blocks. */
const writeUntilKilled = (path: string, afterMs: number): Effect.Effect<void> =>
  Effect.promise(
    () =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [SCRIPT, path], { stdio: ["ignore", "pipe", "inherit"] })
        child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), afterMs))
        child.on("close", () => resolve())
      })
  )

/** Changes so many rows that blocks are written again. */
const changeMany = (path: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
      const change = { importance: 0.7 }
      yield* Effect.forEach(
        makeRows(0, 600),
        ({ memory: { id } }) => store.patch({ scope, now: NOW, id, change }),
        { concurrency: "unbounded", discard: true }
      )
    })
  )

it.live(
  `a kill leaves blocks as they were or as they are to be, in ${KILLS} kills`,
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const fresh = `${folder}/fresh.db`
      yield* makeFile(fresh, ROWS)
      const stale = `${folder}/stale.db`
      copyFileSync(fresh, stale)
      yield* writeBlocks(stale)
      yield* changeMany(stale)
      const [freshTruth, staleTruth] = [yield* openAndAsk(fresh), yield* openAndAsk(stale)]
      const random = makeRandom(20_261_127)
      let partly = 0
      for (let i = 0; i < KILLS; i++) {
        const path = `${folder}/${i}.db`
        const isFresh = i % 2 === 0
        copyFileSync(isFresh ? fresh : stale, path)
        yield* writeUntilKilled(path, random.int(LONGEST_MS))
        assert.strictEqual(yield* HnswFile.inspectBlocks(path), 0)
        const truth = isFresh ? freshTruth : staleTruth
        assert.isTrue((yield* openAndAsk(path)) === truth, `after kill ${i}`)
        const { intact } = readBlocks(path)
        const numbers = intact.flatMap((block) =>
          Array.from({ length: 2 }, (_, end) => (end === 0 ? block.rid % 2 ** 26 : block.last))
        )
        assert.deepStrictEqual(
          numbers,
          numbers.toSorted((a, b) => a - b),
          "blocks that overlap"
        )
        const seqs = new Set(intact.map(({ seq }) => seq))
        if (isFresh ? intact.length > 0 && intact.length < 20 : seqs.size > 1) partly++
        yield* visit(path)
        assert.isTrue((yield* writeBlocks(path)) === truth, `after kill ${i}, written to the end`)
        const db = new DatabaseSync(path)
        assert.strictEqual(db.prepare("PRAGMA quick_check").get()?.["quick_check"], "ok")
        db.close()
      }
      if (KILLS >= 20) assert.isAbove(partly, 0)
    }).pipe(Effect.scoped),
  300_000 + KILLS * 20_000
)

/** Without writing blocks. */
const openAndAsk = (path: string) =>
  Effect.scoped(Effect.flatMap(openStore({ path, readOnly: true }, DIMENSIONS), ({ store }) => askAll(store)))
