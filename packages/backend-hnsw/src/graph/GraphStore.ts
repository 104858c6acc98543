import { warn } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { rm } from "node:fs/promises"
import type { DatabaseSync } from "node:sqlite"
import type { BuildResult } from "./buildGraph.ts"
import type { DeletedFiles } from "../erasure.ts"
import { digestVectors } from "./digestVectors.ts"
import { Graph, graphBytes } from "./Graph.ts"
import {
  GraphFile,
  graphFolder,
  type GraphHeader,
  type GraphSource,
  matchesScope,
  sweepGraphs
} from "./GraphFile.ts"
import { type HierarchicalNSW, type Hnswlib, INSTALL_LINE } from "./hnswlib.ts"
import { pauseBySlices, runBuild } from "./runBuild.ts"

/** A scope's state as its index shows it. */
export interface GraphRequest {
  readonly sid: number
  /** Passages. */
  readonly rows: number
  /** The scope's counter. */
  readonly removed: number
}

/** A scope's state as its row shows it. */
type GraphScope = { readonly removed: number; readonly next: number }

/** Retries when rows were removed during a build. */
const STALE_RETRIES = 3

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, Error> =>
  Effect.tryPromise({
    try: run,
    catch: (error) => (error instanceof Error ? error : new Error(String(error)))
  })

/** The saved graphs of one store: loads them, builds missing ones in a thread, deletes those with removed rows. */
export class GraphStore {
  /** For all graphs in memory together; 0 if graphs are off. */
  readonly maxBytes: number
  readonly #path: string
  readonly #db: DatabaseSync
  readonly #identity: string | null
  readonly #generation: number
  readonly #source: GraphSource
  readonly #readOnly: boolean
  readonly #fromRows: number
  readonly #buildLock = Semaphore.makeUnsafe(1)
  readonly #load: () => Promise<Hnswlib | null>
  #hnswlib: Promise<Hnswlib | null> | null = null
  #reportedMissing = false
  /** The package is installed, as a first graph has shown. */
  available = false

  constructor(options: {
    readonly path: string
    /** The open file. */
    readonly db: DatabaseSync
    /** Device and inode of the store's file. */
    readonly identity: string | null
    readonly generation: number
    readonly source: GraphSource
    /** Saved graphs are neither written nor deleted. */
    readonly readOnly: boolean
    readonly fromRows: number
    readonly maxBytes: number
    /** `loadHnswlib`, or a test's replacement. */
    readonly load: () => Promise<Hnswlib | null>
  }) {
    this.#path = options.path
    this.#db = options.db
    this.#identity = options.identity
    this.#generation = options.generation
    this.#source = options.source
    this.#readOnly = options.readOnly
    this.#fromRows = options.fromRows
    this.maxBytes = options.source.dimensions > 0 && options.fromRows < Infinity ? options.maxBytes : 0
    this.#load = options.load
  }

  /** Whether a scope of this size is searched through a graph. */
  wants(rows: number): boolean {
    return rows >= this.#fromRows && graphBytes(rows, this.#source.dimensions) <= this.maxBytes
  }

  /**
   * Loads the scope's graph, or builds it. Logs why and returns null if it cannot: the scan serves.
   * @param extend add the new rows to the saved graph instead of loading it as it is
   */
  readonly obtain: (request: GraphRequest, extend: boolean) => Effect.Effect<Graph | null> =
    Effect.fnUntraced(
      { self: this },
      function* (request: GraphRequest, extend: boolean) {
        const hnswlib = yield* this.#getHnswlib(request)
        if (hnswlib === null) return null
        const saved = extend ? null : yield* this.#loadSaved(hnswlib, request)
        if (saved !== null || this.#readOnly) return saved
        yield* this.#build(hnswlib, request.sid).pipe(this.#buildLock.withPermits(1))
        return yield* this.#loadSaved(hnswlib, request)
      },
      (graph, { rows }) =>
        graph.pipe(
          Effect.tapError((error) =>
            warn(`The graph of a scope with ${rows} memories failed; the scan serves it.`, error)
          ),
          Effect.orElseSucceed(() => null)
        )
    )

  #getHnswlib({ rows }: GraphRequest): Effect.Effect<Hnswlib | null> {
    this.#hnswlib ??= this.#load()
    const loading = this.#hnswlib
    return Effect.tap(
      Effect.promise(() => loading),
      (hnswlib) => {
        this.available = hnswlib !== null
        if (hnswlib !== null || this.#reportedMissing) return Effect.void
        this.#reportedMissing = true
        return warn(
          `A scope has ${rows} memories: it is searched by a scan, and would be faster with a graph. \`${INSTALL_LINE}\` adds it (compiles with g++ or clang, make and python3).`
        )
      }
    )
  }

  readonly #loadSaved: (hnswlib: Hnswlib, request: GraphRequest) => Effect.Effect<Graph | null, Error> =
    Effect.fnUntraced({ self: this }, function* (hnswlib: Hnswlib, { removed, sid }: GraphRequest) {
      const file = new GraphFile(this.#path, sid)
      const header = yield* attempt(() => file.readHeader())
      if (header === null) return null
      if (!matchesScope(header, this.#source, removed)) {
        // The file holds vectors of removed rows, of another embedder, or of another store.
        yield* this.#discard(file)
        return null
      }
      if (!(yield* attempt(() => file.isIntact(header)))) {
        yield* warn(`The graph ${file.path} is damaged; it is built again from the memories.`)
        yield* this.#discard(file)
        return null
      }
      const { dimensions } = this.#source
      const index = new hnswlib.HierarchicalNSW("ip", dimensions)
      yield* attempt(() => index.readIndex(file.path))
      if (yield* attempt(() => this.#hasVectors(index, header, sid))) {
        return new Graph(index, header.through, dimensions)
      }
      index.initIndex(1)
      yield* warn(
        `The graph ${file.path} is of another state of the store; it is built again from the memories.`
      )
      yield* this.#discard(file)
      return null
    })

  /** Whether a graph's vectors are those that the file has under the same numbers. */
  async #hasVectors(index: HierarchicalNSW, { vectors }: GraphHeader, sid: number): Promise<boolean> {
    const table = { generation: this.#generation, sid }
    return (await digestVectors(this.#db, table, index.getIdsList(), pauseBySlices())) === vectors
  }

  #discard(file: GraphFile): Effect.Effect<void, Error> {
    return this.#readOnly ? Effect.void : Effect.asVoid(attempt(() => file.remove()))
  }

  #build(hnswlib: Hnswlib, sid: number): Effect.Effect<BuildResult, Error> {
    const task = {
      path: this.#path,
      identity: this.#identity,
      sid,
      generation: this.#generation,
      ...this.#source
    }
    return runBuild(hnswlib, task).pipe(
      Effect.repeat({ while: (result) => result === "stale", times: STALE_RETRIES })
    )
  }

  /** After rows of these scopes were removed: deletes the saved graphs; loaded ones skip the rows. */
  forget(sids: Iterable<number>): Effect.Effect<DeletedFiles, Error> {
    return Effect.map(
      Effect.forEach(sids, (sid) => attempt(() => new GraphFile(this.#path, sid).remove())),
      (files) =>
        files.reduce(
          (sum, { graphs, temporary }) => ({
            graphs: sum.graphs + graphs,
            temporary: sum.temporary + temporary
          }),
          { graphs: 0, temporary: 0 }
        )
    )
  }

  /**
   * Deletes saved graphs with vectors of removed rows or of another store, and files that builds which were killed left
   * half written.
   * @param find a scope's counters; null for a scope that is gone
   */
  sweep(find: (sid: number) => GraphScope | null): Effect.Effect<void, Error> {
    const isOfState = (header: GraphHeader, sid: number): boolean => {
      const scope = find(sid)
      return (
        scope !== null && header.through < scope.next && matchesScope(header, this.#source, scope.removed)
      )
    }
    return attempt(() => sweepGraphs(this.#path, isOfState))
  }

  /** Deletes all saved graphs. */
  get forgetAll(): Effect.Effect<void, Error> {
    return attempt(() => rm(graphFolder(this.#path), { recursive: true, force: true }))
  }
}
