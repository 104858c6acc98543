import {
  type MemoryError,
  type Scope,
  scopeKey,
  type TermSettings,
  yieldToEventLoop
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type * as EffectScope from "effect/Scope"
import type { Connection } from "../connection/Connection.ts"
import { toMemoryError } from "../connection/errors.ts"
import { graphBytes } from "../graph/Graph.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import type { ScopeRow, ScopeTable } from "../tables/ScopeTable.ts"
import { IndexLoader } from "./IndexLoader.ts"
import { SpareBuffer } from "./postings/PostingsBuffer.ts"
import { OpenVerdicts, SliceSpent } from "./rows/OpenVerdicts.ts"
import { ScopeIndex } from "./ScopeIndex.ts"
import { WasmArena } from "./vectors/WasmArena.ts"

/** Extend the graph when this many passages, and this share of its own, are missing from it. */
const GRAPH_MISSING = 2_000
const GRAPH_MISSING_SHARE = 0.15

/** Passages × dimensions from which a scope's floats stay in the file: 32 MB of them. */
const ON_DISK_FROM_NUMBERS = 8_000_000

/** Second-chance eviction: a hot scope survives this many sweeps. */
const SECOND_CHANCES = 3

/** Share of the non-graph budget given to indexes; the rest is headroom for the garbage collector. */
const INDEX_SHARE = 0.75

interface Entry {
  readonly index: ScopeIndex
  /** At the last count. */
  bytes: number
  graphBytes: number
  /** `IndexCache.#loads` at the last use. */
  usedAt: number
  secondChances: number
}

export interface IndexCacheOptions {
  readonly dimensions: number
  /** Of the weights. */
  readonly settings: TermSettings
  readonly maxBytes: number
  readonly graphs: GraphStore
  /** Graphs are built within this scope. */
  readonly background: EffectScope.Scope
  /** Searches wait for a graph that is due: for tests. */
  readonly awaitGraphs: boolean
}

/** Search indexes of recently used scopes, within a budget in bytes; updated from the file before each use. */
export class IndexCache {
  readonly #connection: Connection
  readonly #scopes: ScopeTable
  readonly #loader: IndexLoader
  readonly #arena: WasmArena
  readonly #spareBuffer = new SpareBuffer()
  readonly #options: IndexCacheOptions
  /** By `scopeKey`, least recently used first. */
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  #graphBytes = 0
  /** Indexes created so far. */
  #loads = 0

  constructor(connection: Connection, scopes: ScopeTable, options: IndexCacheOptions) {
    this.#connection = connection
    this.#scopes = scopes
    this.#loader = new IndexLoader(connection.db, connection.generation)
    this.#arena = new WasmArena(options.dimensions)
    this.#options = options
  }

  /** Estimated bytes of all indexes and graphs. */
  get bytes(): number {
    return this.#bytes + this.#graphBytes
  }

  /**
   * Runs `use` on the scope's index, which shows every write acknowledged before the call by any process; on null for a
   * scope without rows. Long loads, and calls of `use` that read many rows, yield to the event loop.
   */
  use<A>(
    scope: Scope,
    use: (index: ScopeIndex | null, opened: OpenVerdicts) => A
  ): Effect.Effect<A, MemoryError> {
    return Effect.suspend(() => this.#useInSlices(scope, use, new OpenVerdicts()))
  }

  #useInSlices<A>(
    scope: Scope,
    use: (index: ScopeIndex | null, opened: OpenVerdicts) => A,
    opened: OpenVerdicts
  ): Effect.Effect<A, MemoryError> {
    const again = Effect.suspend(() => this.#useInSlices(scope, use, opened))
    return Effect.suspend(() => {
      let index: ScopeIndex | null | "unfinished" = null
      try {
        index = this.#update(scope)
        if (index === "unfinished") return Effect.andThen(yieldToEventLoop, again)
        if (index === null) return Effect.succeed(use(index, opened))
        if (this.#options.awaitGraphs) {
          const graphTask = this.#startGraph(index)
          if (graphTask !== null) return Effect.andThen(graphTask, again)
        }
        opened.startSlice(index)
        const result = use(index, opened)
        const graphTask = this.#startGraph(index)
        this.#recordUse(scopeKey(scope), index)
        return graphTask === null
          ? Effect.succeed(result)
          : Effect.as(Effect.forkIn(graphTask, this.#options.background), result)
      } catch (error) {
        if (error instanceof SliceSpent && index instanceof ScopeIndex) {
          this.#recordUse(scopeKey(scope), index)
          return Effect.andThen(yieldToEventLoop, again)
        }
        return Effect.fail(toMemoryError(this.#connection.path, error))
      }
    })
  }

  #update(scope: Scope): ScopeIndex | null | "unfinished" {
    this.#connection.assertServing()
    const key = scopeKey(scope)
    const row = this.#scopes.find(scope)
    const cached = this.#entries.get(key)
    if (cached !== undefined && this.#isStale(cached.index, row)) this.#drop(key)
    if (row === null || row.rows === 0) {
      this.#drop(key)
      return null
    }
    const { index } = this.#entries.get(key) ?? this.#createEntry(key, scope, row)
    const upToDate = index.loaded && index.seq === row.seq && index.touched === row.touched
    if (upToDate || this.#loader.update(index, row)) return index
    // A long load counts as a use in every slice, so that it is not evicted before it is done.
    this.#recordUse(key, index)
    return "unfinished"
  }

  /** A new index is needed. */
  #isStale(index: ScopeIndex, row: ScopeRow | null): boolean {
    return row?.sid !== index.sid || index.needsRebuild || (!index.onDisk && this.#isLarge(index.passages))
  }

  /** Loads, builds or extends the scope's graph; null if none is due or one is pending. */
  #startGraph(index: ScopeIndex): Effect.Effect<void> | null {
    const { graphs } = this.#options
    const { graph, passages, removed, sid } = index
    if (graph.state !== "idle" || !graphs.wants(passages)) return null
    const extend = graph.loaded
    if (extend && graph.missing < Math.max(GRAPH_MISSING, graph.count * GRAPH_MISSING_SHARE)) {
      return null
    }
    graph.state = "pending"
    graph.reservedBytes = graphBytes(passages, this.#arena.dimensions)
    this.#recordUse(scopeKey(index.scope), index)
    return Effect.map(graphs.obtain({ sid, rows: passages, removed }, extend), (obtained) => {
      graph.reservedBytes = 0
      graph.state = obtained === null ? "failed" : "idle"
      if (obtained !== null) graph.set(obtained)
    })
  }

  #createEntry(key: string, scope: Scope, row: ScopeRow): Entry {
    const loader = this.#loader
    const expectedPassages = row.rows + loader.countExtras(row.sid)
    const index = new ScopeIndex(scope, row.sid, {
      arena: this.#arena,
      spareBuffer: this.#spareBuffer,
      expectedRows: row.rows,
      expectedPassages,
      onDisk: this.#isLarge(expectedPassages),
      settings: this.#options.settings,
      reader: {
        memory: (rid) => loader.readMemory(scope, rid),
        rid: (sid, id) => loader.findRid(sid, id),
        body: (rid) => loader.readBody(rid),
        vector: (rid, into) => loader.readVector(rid, into)
      }
    })
    // The rows are read after this, so they show at least this state.
    index.seq = row.seq
    index.removed = row.removed
    index.touched = row.touched
    const entry = { index, bytes: 0, graphBytes: 0, usedAt: ++this.#loads, secondChances: 0 }
    this.#entries.set(key, entry)
    return entry
  }

  #isLarge(passages: number): boolean {
    return passages * this.#arena.dimensions > ON_DISK_FROM_NUMBERS
  }

  /**
   * This process has counted accesses: applies them to an index that shows the state before.
   * @param touched the scope's counter after them
   */
  touched(scope: Scope, ids: ReadonlyArray<string>, now: number, touched: number): void {
    const index = this.#entries.get(scopeKey(scope))?.index
    if (index === undefined || index.touched !== touched - 1) return
    index.touch(ids, now)
    index.touched = touched
  }

  /** Counts the index's bytes, makes it the most recently used, and evicts others. */
  #recordUse(key: string, index: ScopeIndex): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    const { bytes, graph } = index
    this.#bytes += bytes - entry.bytes
    this.#graphBytes += graph.bytes - entry.graphBytes
    entry.bytes = bytes
    entry.graphBytes = graph.bytes
    // The calls of one conversation's turn, between two loads, are one use.
    if (entry.usedAt !== this.#loads) entry.secondChances = Math.min(SECOND_CHANCES, entry.secondChances + 1)
    entry.usedAt = this.#loads
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const { graphs, maxBytes } = this.#options
    this.#evict(
      key,
      () => this.#graphBytes > graphs.maxBytes,
      (other) => other.graphBytes > 0
    )
    this.#evict(
      key,
      () => this.#bytes > (maxBytes - graphs.maxBytes) * INDEX_SHARE,
      () => true
    )
  }

  /** Drops candidates without second chances, least recently used first, while over budget; never the one in use. */
  #evict(inUse: string, isOverBudget: () => boolean, isCandidate: (entry: Entry) => boolean): void {
    for (const [key, entry] of this.#entries) {
      if (!isOverBudget()) return
      if (key === inUse || !isCandidate(entry)) continue
      if (entry.secondChances === 0) this.#drop(key)
      else {
        entry.secondChances--
        this.#entries.delete(key)
        // The loop visits it again, after the others.
        this.#entries.set(key, entry)
      }
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#bytes -= entry.bytes
    this.#graphBytes -= entry.graphBytes
    this.#entries.delete(key)
    entry.index.free()
  }

  clear(): void {
    for (const key of Array.from(this.#entries.keys())) this.#drop(key)
  }
}
