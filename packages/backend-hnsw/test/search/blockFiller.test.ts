import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { DatabaseSync } from "node:sqlite"
import { NARROW, NarrowColumn } from "../../src/codec/blockBlob.ts"
import { localFromRid } from "../../src/codec/memoryRow.ts"
import { askAll, DIMENSIONS, fillFile, makeRows, readBlocks, scope, writeBlocks } from "../support/blocks.ts"
import { openStore } from "../support/openStore.ts"
import { makeRow, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const ROWS = 700

/** Numbers that blocks cover, and those of all passages. */
const coverage = (path: string) => {
  const covered = readBlocks(path).intact.flatMap(({ last, rid }) => {
    const first = localFromRid(rid)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
  const db = new DatabaseSync(path, { readOnly: true })
  const all = db
    .prepare("SELECT rid FROM body_1 ORDER BY rid")
    .all()
    .map(({ rid }) => localFromRid(Number(rid)))
  db.close()
  return { covered, all }
}

/** Without writing blocks. */
const openAndAsk = (path: string, now = NOW) =>
  Effect.scoped(
    Effect.flatMap(openStore({ path, readOnly: true }, DIMENSIONS), ({ store }) => askAll(store, now))
  )

it.live("a write of many rows leaves blocks that answer as its rows do, to the last bit", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    for (const batch of [256, 100, 37]) {
      const path = `${folder}/${batch}.db`
      yield* fillFile(path, ROWS, batch)
      const { all, covered } = coverage(path)
      assert.strictEqual(new Set(covered).size, covered.length, "no number twice")
      // The first rows of a scope wait, and the last few of a write.
      assert.isAbove(covered.length, (all.length - 200) * (batch === 37 ? 0.5 : 0.9))
      assert.isAbove(readBlocks(path).intact.length, 4)
      const byBlocks = yield* openAndAsk(path)
      const db = new DatabaseSync(path)
      db.exec("DELETE FROM block_1")
      db.close()
      assert.isTrue(byBlocks === (yield* openAndAsk(path)), `batches of ${batch}: other answers than by rows`)
    }
  }).pipe(Effect.scoped)
)

it.live("rows that one write adds and takes back are in no block", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* fillFile(path, 300, 300)
    const truth = yield* Effect.scoped(
      Effect.gen(function* () {
        const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
        const [gone] = makeRows(310, 311)
        assert.isDefined(gone)
        const brief = { ...gone, memory: { ...gone.memory, expiresAt: NOW + 10 } }
        const again = {
          ...gone,
          memory: { ...gone.memory, content: `${gone.memory.content}, said otherwise`, createdAt: NOW + 20 }
        }
        yield* store.put({ scope, now: NOW + 20, rows: [...makeRows(311, 400), brief, again] })
        yield* store.put({ scope, now: NOW + 20, rows: makeRows(400, 480) })
        return yield* askAll(store, NOW + 20)
      })
    )
    const rids = new Set(coverage(path).all)
    const held = readBlocks(path).intact.flatMap((block) =>
      block.runs.flatMap((run) => {
        const columns = new Int32Array(Uint8Array.from(block.narrow(run)).buffer)
        return Array.from({ length: run.rows }, (_, row) => columns[NARROW * row + NarrowColumn.local] ?? -1)
      })
    )
    assert.isAbove(held.length, 400)
    assert.deepStrictEqual(
      held.filter((local) => !rids.has(local)),
      []
    )
    assert.isTrue((yield* openAndAsk(path, NOW + 20)) === truth)
  }).pipe(Effect.scoped)
)

it.live("a block holds nothing of the one before it in the same write", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
        const rows = makeRows(0, 256).map((row, i) =>
          i < 128 ? row : makeRow(scope, `${row.memory.content}, owed`, null)
        )
        yield* store.put({ scope, now: NOW, rows })
      })
    )
    const codes = readBlocks(path).intact.map((block) => {
      const points = { row: 0, rows: 0, point: 0, points: block.points }
      return block.codes(points).some((code) => code !== 0)
    })
    // Long texts have several passages: the first 128 rows end in the third block.
    assert.deepStrictEqual(codes, [true, true, true, false, false])
  }).pipe(Effect.scoped)
)

it.live("loads write blocks of what writes left out, and a small scope or write leaves none", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/memory.db`
    yield* fillFile(path, ROWS, 100)
    yield* writeBlocks(path)
    const { all, covered } = coverage(path)
    assert.deepStrictEqual(
      all.filter((local) => !covered.includes(local)),
      []
    )
    yield* fillFile(`${folder}/small.db`, 180, 90)
    yield* fillFile(`${folder}/single.db`, 260, 5)
    for (const name of ["small", "single"])
      assert.deepStrictEqual(readBlocks(`${folder}/${name}.db`), { intact: [], damaged: 0 })
  }).pipe(Effect.scoped)
)
