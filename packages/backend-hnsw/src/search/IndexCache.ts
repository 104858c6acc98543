import { type MemoryError, type Scope, scopeKey } from "@keepsake/core/driver"
import { Effect, type Scope as EffectScope } from "effect"
import { WasmArena } from "./vectors/WasmArena.ts"
import type { Connection } from "../connection/Connection.ts"
import { IndexLoader } from "./IndexLoader.ts"
import { graphBytes } from "../graph/Graph.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import { nextTurn } from "../connection/pause.ts"
import { toMemoryError } from "../connection/errors.ts"
import { ScopeIndex } from "./ScopeIndex.ts"
import type { ScopeRow, ScopeTable } from "../tables/ScopeTable.ts"

/** Rows that a graph may lack before it is continued: so many, and this share of those it has. */
const TAIL_LEAST = 2_000
const TAIL_SHARE = 0.15

/** Rows × dimensions from which a scope's floats stay in the file: 32 MB of them. */
const LEAN_FROM = 8_000_000

/** So often an index is passed over when there is too much: a scope that is asked again and again outlives many asked once. */
const CHANCES = 3

/**
 * Of the bytes that are not the graphs', so much is counted out to indexes. The rest is for what reading them leaves
 * to JavaScript's collector: its room grows with what outlives its rounds.
 */
const INDEX_SHARE = 0.75

interface Entry {
  readonly index: ScopeIndex
  /** As last counted. */
  bytes: number
  graphBytes: number
  /** `IndexCache.#loads` at its last use. */
  usedAt: number
  secondChances: number
}

export interface IndexCacheOptions {
  readonly dimensions: number
  readonly maxBytes: number
  readonly graphs: GraphStore
  /** Graphs are got within this scope. */
  readonly background: EffectScope.Scope
  /** Searches wait for a graph that is due, as tests want it. */
  readonly awaitGraphs: boolean
}

/** Search indexes of the scopes used last, within a bound in bytes; brought up to the file before each use. */
export class IndexCache {
  readonly #connection: Connection
  readonly #scopes: ScopeTable
  readonly #follower: IndexLoader
  readonly #arena: WasmArena
  readonly #options: IndexCacheOptions
  /** By scope, the one used last at the end. */
  readonly #indexes = new Map<string, Entry>()
  #bytes = 0
  #graphBytes = 0
  /** Indexes made so far. */
  #loads = 0

  constructor(connection: Connection, scopes: ScopeTable, options: IndexCacheOptions) {
    this.#connection = connection
    this.#scopes = scopes
    this.#follower = new IndexLoader(connection.db, connection.generation)
    this.#arena = new WasmArena(options.dimensions)
    this.#options = options
  }

  /** What the indexes take, in bytes. */
  get bytes(): number {
    return this.#bytes + this.#graphBytes
  }

  /**
   * Runs `use` on the scope's index, which then shows every write acknowledged before the call, whoever
   * made it; on null for a scope without rows. Long loads are sliced.
   */
  use<A>(scope: Scope, use: (index: ScopeIndex | null) => A): Effect.Effect<A, MemoryError> {
    return Effect.suspend(() => {
      try {
        const index = this.#follow(scope)
        if (index === "unfinished") return Effect.andThen(nextTurn, this.use(scope, use))
        if (index === null) return Effect.succeed(use(index))
        const chore = this.#graphChore(index)
        if (chore !== null && this.#options.awaitGraphs) return Effect.andThen(chore, this.use(scope, use))
        const result = use(index)
        this.#account(scopeKey(scope), index)
        return chore === null
          ? Effect.succeed(result)
          : Effect.as(Effect.forkIn(chore, this.#options.background), result)
      } catch (error) {
        return Effect.fail(toMemoryError(this.#connection.path, error))
      }
    })
  }

  #follow(scope: Scope): ScopeIndex | null | "unfinished" {
    this.#connection.assertServing()
    const key = scopeKey(scope)
    const row = this.#scopes.find(scope)
    const known = this.#indexes.get(key)
    if (known !== undefined && this.#isUseless(known.index, row)) this.#drop(key)
    if (row === null) return null
    const { index } = this.#indexes.get(key) ?? this.#newEntry(key, scope, row)
    const inStep = index.loaded && index.seq === row.seq && index.touched === row.touched
    if (inStep || this.#follower.follow(index, row)) return index
    // A load that takes many turns must not become the oldest and be dropped before it is done.
    this.#account(key, index)
    return "unfinished"
  }

  #isUseless(index: ScopeIndex, row: ScopeRow | null): boolean {
    return row?.sid !== index.sid || index.needsRebuild || (this.#isLarge(row) && !index.onDisk)
  }

  /** Getting a graph, or a longer one, where that is due and not under way. */
  #graphChore(index: ScopeIndex): Effect.Effect<void> | null {
    const { graphs } = this.#options
    if (index.graphState !== "open" || !graphs.wants(index.rows)) return null
    const { graph } = index
    if (graph !== null && index.rowsBesideGraph < Math.max(TAIL_LEAST, graph.count * TAIL_SHARE)) return null
    index.graphState = "pending"
    index.reservedBytes = graphBytes(index.rows, this.#arena.dimensions)
    this.#account(scopeKey(index.scope), index)
    const wish = { sid: index.sid, rows: index.rows, removed: index.removed }
    return Effect.map(graphs.obtain(wish, graph !== null), (obtained) => {
      index.reservedBytes = 0
      index.graphState = obtained === null ? "failed" : "open"
      if (obtained !== null) index.setGraph(obtained)
    })
  }

  #newEntry(key: string, scope: Scope, row: ScopeRow): Entry {
    const follower = this.#follower
    const index = new ScopeIndex(scope, row.sid, {
      arena: this.#arena,
      rows: row.rows,
      lean: this.#isLarge(row),
      reader: {
        memory: (rid) => follower.memory(scope, rid),
        vector: (rid, into) => follower.vector(rid, into)
      }
    })
    // What is read from now on shows at least this state.
    index.seq = row.seq
    index.removed = row.removed
    index.touched = row.touched
    const usedAt = ++this.#loads
    const entry = { index, bytes: 0, graphBytes: 0, usedAt, secondChances: 0 }
    this.#indexes.set(key, entry)
    return entry
  }

  #isLarge(row: ScopeRow): boolean {
    return row.rows * this.#arena.dimensions > LEAN_FROM
  }

  /** This process has counted accesses: indexes that knew the state before know the one after. */
  touched(scope: Scope, ids: ReadonlyArray<string>, now: number, after: number): void {
    const index = this.#indexes.get(scopeKey(scope))?.index
    if (index === undefined || index.touched !== after - 1) return
    index.touch(ids, now)
    index.touched = after
  }

  #account(key: string, index: ScopeIndex): void {
    const entry = this.#indexes.get(key)
    if (entry === undefined) return
    const { bytes, graphBytes: graph } = index
    this.#bytes += bytes - entry.bytes
    this.#graphBytes += graph - entry.graphBytes
    entry.bytes = bytes
    entry.graphBytes = graph
    // Calls of one turn of a conversation are one use.
    if (entry.usedAt !== this.#loads) entry.secondChances = Math.min(CHANCES, entry.secondChances + 1)
    entry.usedAt = this.#loads
    this.#indexes.delete(key)
    this.#indexes.set(key, entry)
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

  /** Drops the indexes used longest ago, of those that help and have no chance left, while there is too much; never the one in use. */
  #evict(inUse: string, tooMuch: () => boolean, helps: (entry: Entry) => boolean): void {
    for (const [key, entry] of this.#indexes) {
      if (!tooMuch()) return
      if (key === inUse || !helps(entry)) continue
      if (entry.secondChances === 0) this.#drop(key)
      else {
        entry.secondChances--
        this.#indexes.delete(key)
        // The loop comes to it again, after the others.
        this.#indexes.set(key, entry)
      }
    }
  }

  #drop(key: string): void {
    const entry = this.#indexes.get(key)
    if (entry === undefined) return
    this.#bytes -= entry.bytes
    this.#graphBytes -= entry.graphBytes
    this.#indexes.delete(key)
    entry.index.free()
  }

  clear(): void {
    for (const key of Array.from(this.#indexes.keys())) this.#drop(key)
  }
}
