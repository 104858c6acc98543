import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import type { Worker } from "node:worker_threads"
import type { BuildTask } from "../../src/graph/buildGraph.ts"
import type { HierarchicalNSW, Hnswlib } from "../../src/graph/hnswlib.ts"
import { runBuild } from "../../src/graph/runBuild.ts"
import { readIdentity } from "../../src/schema/fileState.ts"
import { DIMENSIONS, direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { openStore } from "../support/openStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const ROWS = 200
/** As long as hnswlib takes for a row of a large graph. */
const ROW_MS = 0.5

const spin = (ms: number): void => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Stands in for the compiled addon: keeps labels, and takes time. */
class LabelList implements HierarchicalNSW {
  readonly #labels: Array<number> = []
  #size = 0

  initIndex(maxElements: number): void {
    this.#size = maxElements
  }
  resizeIndex(maxElements: number): void {
    this.#size = maxElements
  }
  addPoint(_point: Array<number>, label: number): void {
    spin(ROW_MS)
    this.#labels.push(label)
  }
  writeIndexSync(filename: string): void {
    writeFileSync(filename, JSON.stringify(this.#labels))
  }
  getMaxElements(): number {
    return this.#size
  }
  getCurrentCount(): number {
    return this.#labels.length
  }
  getIdsList(): Array<number> {
    return this.#labels
  }
  readIndex = () => Promise.resolve(true)
  readIndexSync(): void {}
  searchKnn = () => ({ distances: [], neighbors: [] })
  setEf(): void {}
}

const hnswlib: Hnswlib = { HierarchicalNSW: LabelList }

const fill = Effect.gen(function* () {
  const path = `${yield* temporaryFolder}/memory.db`
  const scope = makeScope("heavy")
  const rows = Array.from({ length: ROWS }, (_, i) => makeRow(scope, `row ${i}`, direction(i, DIMENSIONS)))
  const { store } = yield* openStore({ path })
  yield* store.put({ scope, now: NOW, rows })
  const db = new DatabaseSync(path, { readOnly: true })
  const sid = Number(db.prepare("SELECT sid FROM scope").get()?.["sid"])
  db.close()
  const task: BuildTask = {
    path,
    identity: readIdentity(path),
    sid,
    generation: 1,
    store: "",
    space: 1,
    dimensions: DIMENSIONS
  }
  return task
})

for (const [name, entry] of [
  ["the code is bundled", null],
  ["its file is missing", pathToFileURL("/nowhere/graph/worker.js")]
] as const) {
  it.live(`without a thread, since ${name}, a graph is built by slices`, () =>
    Effect.gen(function* () {
      const task = yield* fill
      let ticks = 0
      const timer = setInterval(() => ticks++, 1)
      const result = yield* runBuild(hnswlib, task, entry)
      clearInterval(timer)
      assert.strictEqual(result, "built")
      // Without slices there would be one.
      assert.isAtLeast(ticks, 4)
    }).pipe(Effect.scoped)
  )
}

const ENDLESS = new URL("../harness/endlessBuilder.ts", import.meta.url)

/** Starts a thread that builds until it is asked to stop. */
const startEndless = Effect.gen(function* () {
  const created = once(process, "worker") as Promise<[Worker]>
  const fiber = yield* Effect.forkChild(runBuild(hnswlib, yield* fill, ENDLESS))
  const [worker] = yield* Effect.promise(() => created)
  const exited = once(worker, "exit")
  yield* Effect.promise(() => once(worker, "message"))
  return { fiber, exited }
})

// To terminate a thread in the addon's code aborts the process: it would exit with another code.
it.live("a store that closes lets the thread of a build end by itself", () =>
  Effect.gen(function* () {
    const { exited, fiber } = yield* startEndless
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* Effect.promise(() => exited), [0])
  }).pipe(Effect.scoped)
)

it.live("so does a process that ends", () =>
  Effect.gen(function* () {
    const others = process.listeners("exit")
    const { exited, fiber } = yield* startEndless
    for (const listener of process.listeners("exit")) if (!others.includes(listener)) listener(0)
    assert.deepStrictEqual(yield* Effect.promise(() => exited), [0])
    yield* Fiber.await(fiber)
    assert.deepStrictEqual(process.listeners("exit"), others)
  }).pipe(Effect.scoped)
)
