/** Graphs beside a file whose vectors are others than theirs. */
import { assert, it } from "@effect/vitest"
import { HnswFile } from "@keepsake/backend-hnsw"
import { find } from "@keepsake/core/conformance"
import type { StoreRow } from "@keepsake/core/driver"
import { Effect } from "effect"
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { loadHnswlib } from "../../src/graph/hnswlib.ts"
import { makeLayer } from "../../src/HnswStore.ts"
import { openStore } from "../support/openStore.ts"
import { direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const itWithGraphs = it.effect.skipIf((await loadHnswlib()) === null)
const DIMENSIONS = 16
const GRAPH_FROM_ROWS = 100
const scope = makeScope("heavy")

/** Rows of one branch of a store's history: ids are equal in all of them, vectors are not. */
const makeRows = (branch: number, from: number, to: number): ReadonlyArray<StoreRow> =>
  Array.from({ length: to - from }, (_, i) =>
    makeRow(scope, `memory ${from + i}`, direction(branch * 10_000 + from + i, DIMENSIONS))
  )

const use = <A>(
  path: string,
  run: (opened: Effect.Success<ReturnType<typeof openStore>>) => Effect.Effect<A, unknown>,
  readOnly = false
) =>
  Effect.scoped(
    Effect.flatMap(
      openStore(
        { path, readOnly, synchronous: "normal", graphFromRows: GRAPH_FROM_ROWS },
        DIMENSIONS,
        (options) => makeLayer(options, true)
      ),
      run
    )
  )

const write = (path: string, rows: ReadonlyArray<StoreRow>) =>
  use(path, ({ store }) => store.put({ scope, now: NOW, rows }))

/** Asks for the neighbours of every tenth row, and compares their cosines. @returns the ways that searches took */
const assertTrue = (path: string, rows: ReadonlyArray<StoreRow>, readOnly = false) =>
  use(
    path,
    ({ store }) =>
      Effect.gen(function* () {
        const vectors = new Map(rows.map(({ memory, passages }) => [memory.content, passages[0].vector]))
        const ways = new Set<string>()
        for (const { passages } of rows.filter((_, i) => i % 10 === 0)) {
          const vector = passages[0].vector ?? new Float32Array(DIMENSIONS)
          const { hits, plan } = yield* find(store, { scope, now: NOW, vector, limit: 5 })
          ways.add(plan.way)
          assert.strictEqual(hits.length, 5)
          for (const { cosine, memory } of hits) {
            const own = vectors.get(memory.content) ?? new Float32Array(DIMENSIONS)
            const expected = own.reduce((sum, value, i) => sum + value * (vector[i] ?? 0), 0)
            assert.approximately(cosine ?? 0, expected, 1e-5, memory.content)
          }
        }
        return Array.from(ways)
      }),
    readOnly
  )

const restore = (backup: string, path: string): void => {
  for (const ending of ["-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true })
  copyFileSync(backup, path)
}

const readGraphs = (path: string): ReadonlyArray<string> =>
  readdirSync(`${path}-graphs`).map((name) => readFileSync(`${path}-graphs/${name}`).toString("base64"))

itWithGraphs("a graph beside a restored backup is of a later state, and is built again", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const [path, backup] = [`${folder}/memory.db`, `${folder}/backup.db`]
    const old = makeRows(1, 0, 150)
    yield* write(path, old)
    yield* HnswFile.backUp(path, backup)
    yield* write(path, makeRows(1, 150, 300))
    assert.deepStrictEqual(yield* assertTrue(path, [...old, ...makeRows(1, 150, 300)]), ["graph"])
    const later = readGraphs(path)
    cpSync(`${path}-graphs`, `${folder}/later`, { recursive: true })

    restore(backup, path)
    yield* use(path, () => Effect.void)
    assert.deepStrictEqual(readdirSync(`${path}-graphs`), [])

    // The same numbers and ids are used again, with other vectors.
    const others = [...old, ...makeRows(2, 150, 300)]
    yield* write(path, makeRows(2, 150, 300))
    cpSync(`${folder}/later`, `${path}-graphs`, { recursive: true })
    assert.deepStrictEqual(yield* assertTrue(path, others, true), ["exact"])
    assert.deepStrictEqual(readGraphs(path), later)
    assert.deepStrictEqual(yield* assertTrue(path, others), ["graph"])
    assert.notDeepEqual(readGraphs(path), later)

    // To be extended, it is built from the beginning.
    rmSync(`${path}-graphs`, { recursive: true })
    yield* use(path, ({ store }) =>
      Effect.gen(function* () {
        yield* find(store, { scope, now: NOW, vector: direction(1, DIMENSIONS), limit: 1 })
        cpSync(`${folder}/later`, `${path}-graphs`, { recursive: true })
        yield* store.put({ scope, now: NOW, rows: makeRows(2, 300, 2_400) })
        yield* find(store, { scope, now: NOW, vector: direction(1, DIMENSIONS), limit: 1 })
      })
    )
    const extended = readGraphs(path)
    assert.deepStrictEqual(yield* assertTrue(path, [...others, ...makeRows(2, 300, 2_400)]), ["graph"])
    assert.deepStrictEqual(readGraphs(path), extended)
  }).pipe(Effect.scoped)
)

itWithGraphs("a graph of another store with the same name is built again", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const [one, other] = [`${folder}/one.db`, `${folder}/other.db`]
    for (const [path, branch] of [
      [one, 1],
      [other, 2]
    ] as const) {
      yield* write(path, makeRows(branch, 0, 150))
      assert.deepStrictEqual(yield* assertTrue(path, makeRows(branch, 0, 150)), ["graph"])
    }
    rmSync(`${one}-graphs`, { recursive: true })
    cpSync(`${other}-graphs`, `${one}-graphs`, { recursive: true })
    assert.deepStrictEqual(yield* assertTrue(one, makeRows(1, 0, 150), true), ["exact"])
    assert.deepStrictEqual(yield* assertTrue(one, makeRows(1, 0, 150)), ["graph"])
    assert.notDeepEqual(readGraphs(one), readGraphs(other))
  }).pipe(Effect.scoped)
)

itWithGraphs("a graph of rows that were erased since is deleted by the next open", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/memory.db`
    const rows = makeRows(1, 0, 150)
    yield* write(path, rows)
    yield* assertTrue(path, rows)
    cpSync(`${path}-graphs`, `${folder}/before`, { recursive: true })
    yield* use(path, ({ store }) =>
      store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: [rows[3]?.memory.id ?? ""] } })
    )
    cpSync(`${folder}/before`, `${path}-graphs`, { recursive: true })
    assert.deepStrictEqual(yield* assertTrue(path, rows.toSpliced(3, 1), true), ["exact"])
    yield* use(path, () => Effect.void)
    assert.deepStrictEqual(readdirSync(`${path}-graphs`), [])
  }).pipe(Effect.scoped)
)

itWithGraphs("a header names the store, the generation and the vectors, and each counts", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const rows = makeRows(1, 0, 150)
    yield* write(path, rows)
    yield* assertTrue(path, rows)
    const [name = ""] = readdirSync(`${path}-graphs`).filter((file) => file.endsWith(".json"))
    const header = `${path}-graphs/${name}`
    const written = JSON.parse(readFileSync(header, "utf8"))
    for (const change of [
      { format: 1 },
      { store: "0".repeat(32) },
      { generation: 2 },
      { vectors: "0".repeat(64) },
      { vectors: undefined }
    ]) {
      writeFileSync(header, JSON.stringify({ ...written, ...change }))
      assert.deepStrictEqual(yield* assertTrue(path, rows, true), ["exact"])
      assert.deepStrictEqual(yield* assertTrue(path, rows), ["graph"])
      assert.deepInclude(JSON.parse(readFileSync(header, "utf8")), {
        format: written.format,
        store: written.store,
        generation: written.generation,
        vectors: written.vectors
      })
    }
  }).pipe(Effect.scoped)
)
