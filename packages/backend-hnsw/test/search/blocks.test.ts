import { assert, it } from "@effect/vitest"
import { HnswFile } from "@keepsake/backend-hnsw"
import { ANY } from "@keepsake/core/driver"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import {
  askAll,
  DIMENSIONS,
  makeFile,
  makeRows,
  readBlocks,
  scope,
  spokenBy,
  visit,
  writeBlocks
} from "../support/blocks.ts"
import { openStore } from "../support/openStore.ts"
import { direction, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const ROWS = 700

const toIds = (rows: ReturnType<typeof makeRows>) => rows.map(({ memory }) => memory.id)

const toTerms = ({ passages }: ReturnType<typeof makeRows>[number]): ReadonlyArray<number> =>
  passages.flatMap(({ terms }) => Array.from(terms.ids))

/** Without printing both answers, which are long. */
const assertEqual = (actual: string, expected: string): void => {
  const at = Array.from(actual).findIndex((letter, i) => letter !== expected[i])
  if (actual !== expected)
    assert.fail(`differs at ${at}: ${actual.slice(at - 80, at + 80)} for ${expected.slice(at - 80, at + 80)}`)
}

/** How often these bytes are in any file of a folder. */
const countInFiles = (folder: string, bytes: Uint8Array): number =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => readFileSync(join(folder, name)))
    .reduce((sum, file) => {
      let count = 0
      for (let at = file.indexOf(bytes); at >= 0; at = file.indexOf(bytes, at + 1)) count++
      return sum + count
    }, 0)

it.live("a scope that is loaded from blocks answers as one that is loaded row by row, to the last bit", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* makeFile(path, ROWS)
    const warm = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
    const byRows = yield* askAll(warm.store)
    assertEqual(yield* writeBlocks(path), byRows)
    assert.isAbove(readBlocks(path).intact.length, 4)
    // The index that was loaded before knows no blocks, and sees the same as later ones.
    const assertSame = (now = NOW) =>
      Effect.gen(function* () {
        const expected = yield* askAll(warm.store, now)
        const cold = yield* Effect.scoped(
          Effect.flatMap(openStore({ path, readOnly: true }, DIMENSIONS), ({ store }) => askAll(store, now))
        )
        assertEqual(cold, expected)
      })
    yield* assertSame()
    yield* assertSame(NOW + 1)
    const { store } = warm
    for (const row of makeRows(300, 340)) {
      yield* store.patch({ scope, now: NOW, id: row.memory.id, change: { importance: 0.9, pinned: true } })
    }
    yield* assertSame()
    const successor = makeRows(900, 901)[0]
    assert.isDefined(successor)
    const [closed = ""] = toIds(makeRows(211, 212))
    yield* store.supersede({ scope, now: NOW + 5, id: closed, row: successor })
    yield* assertSame(NOW + 6)
    yield* store.put({ scope, now: NOW, rows: makeRows(901, 960) })
    yield* assertSame()
    yield* store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: toIds(makeRows(100, 130)) } })
    yield* assertSame()
    yield* store.remove({ scope, now: NOW, target: { _tag: "Filter", filter: spokenBy("TAG7x") } })
    yield* warm.admin.expire({ now: NOW + 1, limit: 1_000 })
    yield* assertSame(NOW + 1)
  }).pipe(Effect.scoped)
)

it.live("vectors that come late are found through blocks that lack them", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const rows = makeRows(0, 300).map(({ memory, passages: [first] }, i) => ({
      memory,
      passages: [{ ...first, vector: i % 2 === 0 ? null : first.vector }] as const,
      owed: i % 2 === 0
    }))
    const { admin, store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
    yield* store.put({ scope, now: NOW, rows })
    yield* writeBlocks(path)
    const paid = rows.filter(({ owed }) => owed).slice(0, 90)
    yield* admin.payOwed(
      paid.map(({ memory }, i) => ({ scope, id: memory.id, vectors: [direction(1_000 + i, DIMENSIONS)] }))
    )
    assertEqual(yield* visit(path), yield* askAll(store))
    yield* Effect.scoped(
      Effect.gen(function* () {
        const cold = yield* openStore({ path, readOnly: true }, DIMENSIONS)
        const parts = [{ vector: direction(1_044, DIMENSIONS) }]
        const { hits } = yield* cold.store.search({ scope, now: NOW, filter: ANY, limit: 1, parts })
        assert.strictEqual(hits[0]?.facts.id, paid[44]?.memory.id)
      })
    )
  }).pipe(Effect.scoped)
)

it.live("a removal takes a row's names, terms and codes out of its block, and the block serves on", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/memory.db`
    yield* makeFile(path, ROWS)
    yield* writeBlocks(path)
    const doomed = makeRows(250, 251)
    const [row] = doomed
    assert.isDefined(row)
    const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
    const ofOthers = new Set([...makeRows(0, 250), ...makeRows(251, ROWS)].flatMap(toTerms))
    const term = new Uint8Array(
      Uint32Array.from(
        toTerms(row)
          .filter((id) => !ofOthers.has(id))
          .slice(0, 1)
      ).buffer
    )
    const block = readBlocks(path).intact.find((candidate) => candidate.last > 320)
    assert.isDefined(block)
    const before = readBlocks(path).intact.length
    const codes = block.runs
      .flatMap((run) =>
        Array.from({ length: run.points }, (_, i) => ({ ...run, point: run.point + i, points: 1 }))
      )
      .map((run) => ({ codes: Uint8Array.from(block.codes(run)), scale: block.scales(run)[0] ?? Number.NaN }))
      .filter(({ scale }) => !Number.isNaN(scale))
    const last = codes.at(-1)
    assert.isDefined(last)
    assert.isAbove(countInFiles(folder, term), 1)
    assert.isAbove(countInFiles(folder, last.codes), 0)
    // A row of a long text, and every row of a speaker.
    yield* store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: toIds(doomed) } })
    yield* store.remove({ scope, now: NOW, target: { _tag: "Filter", filter: spokenBy("TAG39x") } })
    assert.strictEqual(countInFiles(folder, term), 0)
    assert.strictEqual(countInFiles(folder, Buffer.from("TAG39x")), 0)
    assert.isAbove(countInFiles(folder, Buffer.from("TAG38x")), 0)
    assert.strictEqual(readBlocks(path).intact.length, before)
    yield* store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: toIds(makeRows(0, ROWS)) } })
    assert.strictEqual(countInFiles(folder, last.codes), 0)
    assert.deepStrictEqual(readBlocks(path), { intact: [], damaged: 0 })
  }).pipe(Effect.scoped)
)

it.live("a damaged block is named, its rows serve, and the next load writes it again", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* makeFile(path, ROWS)
    const truth = yield* writeBlocks(path)
    const count = readBlocks(path).intact.length
    const db = new DatabaseSync(path)
    const damage = () => {
      for (const { data, rid } of db.prepare("SELECT rid, data FROM block_1 ORDER BY rid LIMIT 2").all()) {
        const bytes = Uint8Array.from(data as Uint8Array)
        const at = bytes.length - 2_000
        bytes[at] = (bytes[at] ?? 0) ^ 4
        db.prepare("UPDATE block_1 SET data = ? WHERE rid = ?").run(bytes, rid ?? 0)
      }
    }
    damage()
    assert.strictEqual(yield* HnswFile.inspectBlocks(path), 2)
    assert.deepStrictEqual(yield* HnswFile.inspect(path), [])
    assertEqual(yield* visit(path), truth)
    assertEqual(yield* writeBlocks(path), truth)
    assert.deepStrictEqual([yield* HnswFile.inspectBlocks(path), readBlocks(path).intact.length], [0, count])
    damage()
    // A removal leaves nothing of a block that it cannot read.
    yield* Effect.scoped(
      Effect.flatMap(openStore({ path }, DIMENSIONS), ({ store }) =>
        store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: toIds(makeRows(3, 4)) } })
      )
    )
    assert.strictEqual(readBlocks(path).damaged, 1)
    db.close()
    yield* HnswFile.repair(path)
    assert.deepStrictEqual(readBlocks(path), { intact: [], damaged: 0 })
    yield* writeBlocks(path)
    assert.isAbove(readBlocks(path).intact.length, 4)
  }).pipe(Effect.scoped)
)

it.live("blocks of which many rows changed are written again", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* makeFile(path, ROWS)
    yield* writeBlocks(path)
    const first = readBlocks(path).intact[0]?.seq ?? 0
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
        const ids = toIds(makeRows(0, 400))
        for (const id of ids) yield* store.patch({ scope, now: NOW, id, change: { importance: 0.9 } })
      })
    )
    const truth = yield* visit(path)
    assertEqual(yield* writeBlocks(path), truth)
    const seqs = readBlocks(path).intact.map(({ seq }) => seq)
    assert.isTrue(
      seqs.every((seq) => seq > first),
      `${seqs.join()} after ${first}`
    )
  }).pipe(Effect.scoped)
)

it.live("a small scope has no block, and a store that is opened read-only writes none", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* makeFile(`${folder}/small.db`, 150)
    yield* visit(`${folder}/small.db`)
    assert.deepStrictEqual(readBlocks(`${folder}/small.db`), { intact: [], damaged: 0 })
    const path = `${folder}/large.db`
    yield* makeFile(path, ROWS)
    yield* Effect.scoped(
      Effect.flatMap(openStore({ path, readOnly: true }, DIMENSIONS), ({ store }) => askAll(store))
    )
    assert.deepStrictEqual(readBlocks(path), { intact: [], damaged: 0 })
  }).pipe(Effect.scoped)
)

it.live("a file from before blocks gets their table when it is opened", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* makeFile(path, ROWS)
    const db = new DatabaseSync(path)
    db.exec("DROP TABLE block_1")
    const truth = yield* Effect.scoped(
      Effect.flatMap(openStore({ path, readOnly: true }, DIMENSIONS), ({ store }) => askAll(store))
    )
    assert.strictEqual(yield* HnswFile.inspectBlocks(path), 0)
    db.close()
    yield* visit(path)
    assertEqual(yield* writeBlocks(path), truth)
    assert.isAbove(readBlocks(path).intact.length, 4)
  }).pipe(Effect.scoped)
)
