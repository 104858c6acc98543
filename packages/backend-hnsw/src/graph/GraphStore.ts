import { Effect, Semaphore } from "effect"
import { rm } from "node:fs/promises"
import { Worker } from "node:worker_threads"
import { type BuildResult, type BuildTask, continues } from "./buildGraph.ts"
import { Graph, graphBytes } from "./Graph.ts"
import { GraphFile, graphFolder } from "./GraphFile.ts"
import { type Hnswlib, INSTALL_LINE } from "./hnswlib.ts"

/** A scope's state, as its index knows it. */
export interface GraphRequest {
  readonly sid: number
  /** Rows of the scope that the index shows. */
  readonly rows: number
  readonly removed: number
}

/** A build that was overtaken by a removal is tried again so often. */
const STALE_TRIES = 3

const buildInWorker = (task: BuildTask): Effect.Effect<BuildResult, Error> =>
  Effect.callback<BuildResult, Error>((resume) => {
    // Beside this file, as source or as built.
    const entry = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)
    const worker = new Worker(entry, { workerData: task })
    worker.unref()
    let result: BuildResult | null = null
    worker.on("message", (message: BuildResult) => {
      result = message
    })
    worker.on("error", (error) => resume(Effect.fail(error)))
    worker.on("exit", (code) =>
      resume(
        result === null
          ? Effect.fail(new Error(`The builder ended with code ${code}`))
          : Effect.succeed(result)
      )
    )
    return Effect.promise(() => worker.terminate())
  })

/** The graphs of one store: loaded from their files, built in a thread where there is none, thrown away with what they hold. */
export class GraphStore {
  readonly #path: string
  readonly #generation: number
  readonly #dimensions: number
  readonly #fromRows: number
  /** For all graphs in memory together; 0 where there are never any. */
  readonly maxBytes: number
  readonly #oneBuild = Semaphore.makeUnsafe(1)
  #hnswlib: Promise<Hnswlib | null> | null = null
  readonly #load: () => Promise<Hnswlib | null>
  #told = false

  constructor(options: {
    readonly path: string
    readonly generation: number
    readonly dimensions: number
    readonly fromRows: number
    /** For all graphs in memory together. */
    readonly maxBytes: number
    /** How the addon is got: `loadHnswlib`, or what a test has in its place. */
    readonly load: () => Promise<Hnswlib | null>
  }) {
    this.#path = options.path
    this.#generation = options.generation
    this.#dimensions = options.dimensions
    this.#fromRows = options.fromRows
    this.maxBytes = options.dimensions > 0 && options.fromRows < Infinity ? options.maxBytes : 0
    this.#load = options.load
  }

  /** Whether a scope of so many rows is searched through a graph. */
  wants(rows: number): boolean {
    return rows >= this.#fromRows && graphBytes(rows, this.#dimensions) <= this.maxBytes
  }

  /**
   * The scope's graph, loaded or else built. Null where there can be none: the scan serves, and why is logged.
   * @param continued build on what is saved even if that could be loaded: it lacks too many rows
   */
  obtain(wish: GraphRequest, continued: boolean): Effect.Effect<Graph | null> {
    return Effect.gen({ self: this }, function* () {
      const hnswlib = yield* this.#library(wish)
      if (hnswlib === null) return null
      const saved = continued ? null : yield* this.#saved(hnswlib, wish)
      if (saved !== null) return saved
      yield* this.#build(wish.sid).pipe(this.#oneBuild.withPermits(1))
      return yield* this.#saved(hnswlib, wish)
    }).pipe(
      Effect.catch((error) =>
        Effect.as(
          Effect.logWarning(
            `The graph of a scope with ${wish.rows} memories failed; the scan serves it.`,
            error
          ),
          null
        )
      )
    )
  }

  #library(wish: GraphRequest): Effect.Effect<Hnswlib | null> {
    this.#hnswlib ??= this.#load()
    const library = this.#hnswlib
    return Effect.tap(
      Effect.promise(() => library),
      (hnswlib) => {
        if (hnswlib !== null || this.#told) return Effect.void
        this.#told = true
        return Effect.logWarning(
          `A scope has ${wish.rows} memories: it is searched by a scan, and would be faster with a graph. \`${INSTALL_LINE}\` adds it (compiles with g++ or clang, make and python3).`
        )
      }
    )
  }

  #saved(hnswlib: Hnswlib, { removed, sid }: GraphRequest): Effect.Effect<Graph | null, Error> {
    const file = new GraphFile(this.#path, sid)
    return Effect.gen({ self: this }, function* () {
      const header = yield* attempt(() => file.header())
      if (header === null) return null
      if (!continues(header, this.#dimensions, this.#generation, removed)) {
        // It holds vectors of removed rows, or of another embedder.
        yield* attempt(() => file.remove())
        return null
      }
      if (!(yield* attempt(() => file.isWhole(header)))) {
        yield* Effect.logWarning(`The graph ${file.path} is damaged; it is built again from the memories.`)
        yield* attempt(() => file.remove())
        return null
      }
      const index = new hnswlib.HierarchicalNSW("ip", this.#dimensions)
      yield* attempt(() => index.readIndex(file.path))
      return new Graph(index, header.through, this.#dimensions)
    })
  }

  #build(sid: number): Effect.Effect<BuildResult, Error> {
    const task = { path: this.#path, sid, generation: this.#generation, dimensions: this.#dimensions }
    return buildInWorker(task).pipe(
      Effect.repeat({ while: (result) => result === "stale", times: STALE_TRIES })
    )
  }

  /** Rows of these scopes were removed: their saved graphs go, the loaded ones leave the rows out. */
  forget(sids: Iterable<number>): Effect.Effect<void, Error> {
    return Effect.forEach(sids, (sid) => attempt(() => new GraphFile(this.#path, sid).remove()), {
      discard: true
    })
  }

  /** All saved graphs go. */
  get forgetAll(): Effect.Effect<void, Error> {
    return attempt(() => rm(graphFolder(this.#path), { recursive: true, force: true }))
  }
}

const attempt = <A>(body: () => Promise<A>): Effect.Effect<A, Error> =>
  Effect.tryPromise({
    try: body,
    catch: (error) => (error instanceof Error ? error : new Error(String(error)))
  })
