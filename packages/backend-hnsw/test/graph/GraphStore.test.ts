import { assert, it } from "@effect/vitest"
import { ANY, queryTerms } from "@keepsake/core/driver"
import { find } from "@keepsake/core/conformance"
import { Effect, Logger } from "effect"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { GraphStore } from "../../src/graph/GraphStore.ts"
import { INSTALL_LINE, loadHnswlib } from "../../src/graph/hnswlib.ts"
import { makeLayer } from "../../src/HnswStore.ts"
import { direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { makeFirstVersionFile } from "../support/makeFirstVersionFile.ts"
import { openStore } from "../support/openStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const hnswlib = await loadHnswlib()
const itWithGraphs = it.effect.skipIf(hnswlib === null)
const DIMENSIONS = 32
const ROWS = 600
const scope = makeScope("heavy")
const rows = Array.from({ length: ROWS }, (_, i) => makeRow(scope, `memory ${i}`, direction(i, DIMENSIONS)))

const open = (path: string, readOnly = false) =>
  openStore({ path, readOnly, synchronous: "normal", graphFromRows: 200 }, DIMENSIONS, (options) =>
    makeLayer(options, true)
  )

type Open = Effect.Success<ReturnType<typeof open>>

const fill = ({ store }: Open) =>
  Effect.forEach([0, 200, 400], (at) => store.put({ scope, now: NOW, rows: rows.slice(at, at + 200) }))

const nearest = ({ store }: Open, seed: number, exact: boolean) =>
  Effect.map(
    find(store, { scope, now: NOW, vector: direction(seed, DIMENSIONS), limit: 10, exact }),
    ({ hits }) => new Map(hits.map((hit) => [hit.memory.content, hit.cosine ?? 0]))
  )

/** Recall@10 of the graph; cosines must equal the exact ones. */
const measureRecall = (opened: Open) =>
  Effect.gen(function* () {
    let hits = 0
    for (let seed = 10_000; seed < 10_040; seed++) {
      const exact = yield* nearest(opened, seed, true)
      const graph = yield* nearest(opened, seed, false)
      assert.strictEqual(graph.size, 10)
      for (const [content, cosine] of graph) {
        if (!exact.has(content)) continue
        hits++
        assert.approximately(cosine, exact.get(content) ?? 0, 1e-5)
      }
    }
    return hits / 400
  })

itWithGraphs(
  "a large scope is searched through a graph, which is saved and loaded again (needs hnswlib-node)",
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = `${folder}/memory.db`
      yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* open(path)
          yield* fill(opened)
          assert.isAtLeast(yield* measureRecall(opened), 0.99)
        })
      )
      const files = readdirSync(`${path}-graphs`).sort()
      assert.deepStrictEqual(
        files.map((file) => file.replace(/^\d+/u, "")),
        [".hnsw", ".json"]
      )
      const saved = readFileSync(`${path}-graphs/${files[0]}`)
      yield* Effect.scoped(Effect.flatMap(open(path), measureRecall))
      // Loaded, not built again: hnswlib draws random levels, but the file is the same.
      assert.isTrue(saved.equals(readFileSync(`${path}-graphs/${files[0]}`)))
    }).pipe(Effect.scoped)
)

for (const [damage, inflict] of [
  ["missing", (graph: string, header: string) => [graph, header].forEach((file) => rmSync(file))],
  ["cut short", (graph: string) => writeFileSync(graph, readFileSync(graph).subarray(0, 20_000))],
  [
    "of the right length with other bytes",
    (graph: string) => writeFileSync(graph, readFileSync(graph).fill(7, 500))
  ],
  ["without its header", (_: string, header: string) => rmSync(header)],
  [
    "with a header of another dimension",
    (_: string, header: string) =>
      writeFileSync(
        header,
        readFileSync(header, "utf8").replace(`"dimensions":${DIMENSIONS}`, `"dimensions":64`)
      )
  ]
] as ReadonlyArray<readonly [string, (graph: string, header: string) => void]>) {
  itWithGraphs(`a graph ${damage} is built again (needs hnswlib-node)`, () =>
    Effect.gen(function* () {
      const path = `${yield* temporaryFolder}/memory.db`
      yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* open(path)
          yield* fill(opened)
          yield* nearest(opened, 1, false)
        })
      )
      const [graph, header] = readdirSync(`${path}-graphs`).sort()
      const before = readFileSync(`${path}-graphs/${graph}`)
      inflict(`${path}-graphs/${graph}`, `${path}-graphs/${header}`)
      yield* Effect.scoped(
        Effect.gen(function* () {
          assert.isAtLeast(yield* measureRecall(yield* open(path)), 0.99)
        })
      )
      assert.strictEqual(readFileSync(`${path}-graphs/${graph}`).length, before.length)
      assert.isTrue(existsSync(`${path}-graphs/${header}`))
    }).pipe(Effect.scoped)
  )
}

itWithGraphs("a graph serves after its file is migrated, and read-only (needs hnswlib-node)", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* Effect.scoped(
      Effect.gen(function* () {
        const opened = yield* open(path)
        yield* fill(opened)
        yield* nearest(opened, 1, false)
      })
    )
    makeFirstVersionFile(path)
    const readGraph = () =>
      readdirSync(`${path}-graphs`).map((file) => readFileSync(`${path}-graphs/${file}`).toString("base64"))
    const before = readGraph()
    for (const readOnly of [true, false, true]) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* open(path, readOnly)
          const vector = direction(3, DIMENSIONS)
          const request = { scope, now: NOW, parts: [{ vector }], filter: ANY, limit: 10 }
          assert.deepStrictEqual((yield* opened.store.search(request)).plan, {
            way: "graph",
            byWordsAlone: 0
          })
          const exact = yield* opened.store.search({ ...request, exact: true })
          assert.strictEqual(exact.plan.way, "exact")
          const words = yield* opened.store.search({
            scope,
            now: NOW,
            parts: [{ terms: queryTerms("memory") }],
            filter: ANY,
            limit: 1
          })
          assert.strictEqual(words.plan.way, "exact")
        })
      )
      assert.deepStrictEqual(readGraph(), before)
    }
    const { store } = yield* open(path)
    const removed = yield* store.remove({
      scope,
      now: NOW,
      target: { _tag: "Ids", ids: [rows[5]?.memory.id ?? ""] }
    })
    assert.strictEqual(removed.bytes, "erased")
    assert.deepStrictEqual(readdirSync(`${path}-graphs`), [])
  }).pipe(Effect.scoped)
)

itWithGraphs("later rows are found, removed ones are not, and their vectors leave the disk", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const opened = yield* open(path)
    yield* fill(opened)
    yield* nearest(opened, 1, false)
    const late = makeRow(scope, "late", direction(77_777, DIMENSIONS))
    yield* opened.store.put({ scope, now: NOW, rows: [late] })
    assert.isTrue((yield* nearest(opened, 77_777, false)).has("late"))
    const removedIds = [late.memory.id, rows[5]?.memory.id ?? ""]
    const receipt = yield* opened.store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: removedIds } })
    assert.strictEqual(receipt.bytes, "erased")
    assert.isFalse((yield* nearest(opened, 77_777, false)).has("late"))
    assert.isFalse((yield* nearest(opened, 5, false)).has("memory 5"))
    assert.deepStrictEqual(readdirSync(`${path}-graphs`), [])
    assert.isAtLeast(yield* measureRecall(opened), 0.99)
  }).pipe(Effect.scoped)
)

it.effect("without hnswlib-node the scan serves, and one warning says how to install it", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const graphs = new GraphStore({
      path,
      db: new DatabaseSync(":memory:"),
      identity: null,
      generation: 1,
      source: { store: "", dimensions: DIMENSIONS, space: 1 },
      readOnly: false,
      fromRows: 10,
      maxBytes: 1e9,
      load: () => Promise.resolve(null)
    })
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => warnings.push(String(message)))
    const request = { sid: 1, rows: 600, removed: 0 }
    const obtained = yield* Effect.all([graphs.obtain(request, false), graphs.obtain(request, false)]).pipe(
      Effect.provide(Logger.layer([logger]))
    )
    assert.deepStrictEqual(obtained, [null, null])
    assert.strictEqual(warnings.length, 1)
    assert.include(warnings[0] ?? "", INSTALL_LINE)
  }).pipe(Effect.scoped)
)
