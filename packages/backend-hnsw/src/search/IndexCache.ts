import {
  breathe,
  type CacheUse,
  type MemoryError,
  nextSlice,
  type Scope,
  scopeKey,
  type TermSettings,
  yieldToEventLoop
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as EffectScope from "effect/Scope"
import { BLOCKS_FROM_ROWS } from "../codec/blockBlob.ts"
import { succeedReporting } from "../connection/attempt.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"
import type { Connection } from "../connection/Connection.ts"
import { toMemoryError } from "../connection/errors.ts"
import { pause } from "../connection/pause.ts"
import type { Scan } from "../connection/Scan.ts"
import { graphBytes } from "../graph/Graph.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import type { ScopeRow, ScopeTable } from "../tables/ScopeTable.ts"
import { BlockTable } from "../tables/BlockTable.ts"
import { BlockFiller, FILLED_MIN } from "./blocks/BlockFiller.ts"
import { BlockWriter } from "./blocks/BlockWriter.ts"
import { type BeginCall, IndexCall } from "./IndexCall.ts"
import { IndexLoader } from "./IndexLoader.ts"
import { SpareBuffer } from "./postings/PostingsBuffer.ts"
import { type OpenVerdicts, SliceSpent } from "./rows/OpenVerdicts.ts"
import type { RestFiller } from "./RestFiller.ts"
import { ScopeIndex } from "./ScopeIndex.ts"
import { RowReader } from "./RowReader.ts"
import { UseCounts } from "./UseCounts.ts"
import { WasmArena } from "./vectors/WasmArena.ts"

/** Extend the graph when this many passages, and this share of its own, are missing from it. */
const GRAPH_MISSING = 2_000
const GRAPH_MISSING_SHARE = 0.15

/** Passages × dimensions from which a scope's floats stay in the file: 32 MB of them. */
const ON_DISK_FROM_NUMBERS = 8_000_000

/** Loads of other indexes, after which one that is not whole counts as abandoned: its call was interrupted. */
const ABANDONED_AFTER = 16

/** How long a store that closes waits for blocks: some thousand rows. */
const FINISH_BLOCKS_MS = 100

/**
 * Share of the budget for decoded memories beside those of the scope in use. They are made again of packed ones; those
 * that live through two collections of new objects are collected late, and the heap grows to a multiple of them.
 */
const DECODED_SHARE = 1 / 128

/** Share of the budget up to which more is read of a scope than was asked for: the rest is for those that come. */
const REST_SHARE = 7 / 8

interface Entry {
  readonly index: ScopeIndex
  /** At the last count. */
  bytes: number
  graphBytes: number
  decodedBytes: number
  /** `IndexCache.#loads` at the last use. */
  usedAt: number
  /** A call has seen every row. */
  loaded: boolean
  /** It came when there was no room. */
  late: boolean
}

export interface IndexCacheOptions {
  readonly dimensions: number
  /** Of the weights. */
  readonly settings: TermSettings
  readonly maxBytes: number
  readonly graphs: GraphStore
  /** Writes blocks. */
  readonly commits: CommitQueue
  /** Graphs are built, and blocks written, within this scope. */
  readonly background: EffectScope.Scope
  /** Searches wait for a graph that is due: for tests. */
  readonly awaitGraphs: boolean
}

/** Search indexes of recently used scopes, within a budget in bytes; updated from the file before each use. */
export class IndexCache {
  readonly #connection: Connection
  readonly #scopes: ScopeTable
  readonly #loader: IndexLoader
  readonly #reader: RowReader
  readonly #arena: WasmArena
  readonly #spareBuffer = new SpareBuffer()
  readonly #options: IndexCacheOptions
  /** By `scopeKey`, least recently used first. */
  readonly #entries = new Map<string, Entry>()
  /** Those that came late, in the same order: each has to be used more than another to take its place. */
  readonly #newcomers = new Set<string>()
  /** Those that have decoded memories, in the same order. */
  readonly #decoded = new Set<string>()
  #bytes = 0
  #graphBytes = 0
  #decodedBytes = 0
  /** Indexes created so far. */
  #loads = 0
  /** Calls that an index answered. */
  #served = 0
  #evictions = 0
  readonly #uses = new UseCounts()
  readonly #blockTable: BlockTable
  readonly #blockWriter: BlockWriter
  /** Blocks that are being written. */
  readonly #blocks = new Set<Fiber.Fiber<void>>()

  constructor(connection: Connection, scopes: ScopeTable, options: IndexCacheOptions) {
    this.#connection = connection
    this.#scopes = scopes
    const blocks = new BlockTable(connection)
    this.#blockTable = blocks
    this.#loader = new IndexLoader(connection, blocks)
    this.#reader = new RowReader(connection)
    this.#arena = new WasmArena(options.dimensions)
    this.#options = options
    this.#blockWriter = new BlockWriter({
      commits: options.commits,
      scopes,
      blocks,
      loader: this.#loader,
      arena: this.#arena,
      settings: options.settings
    })
  }

  /** Bytes of all indexes and graphs. */
  get bytes(): number {
    return this.#bytes + this.#graphBytes
  }

  get held(): CacheUse {
    const indexes = Array.from(this.#entries.values(), ({ index }) => index)
    return {
      scopes: indexes.length,
      rows: indexes.reduce((sum, { rows }) => sum + rows, 0),
      bytes: this.bytes,
      maxBytes: this.#options.maxBytes,
      // The call that loads an index is answered too.
      hits: Math.max(0, this.#served - this.#loads),
      misses: this.#loads,
      evictions: this.#evictions
    }
  }

  /**
   * Runs `use` on the scope's index, which shows every write acknowledged before the call by any process; on null for a
   * scope without rows. Long loads, and calls of `use` that read many rows, yield to the event loop.
   */
  use<A>(
    scope: Scope,
    use: (index: ScopeIndex | null, opened: OpenVerdicts) => A
  ): Effect.Effect<A, MemoryError> {
    return this.#call(scope, function* (index, opened) {
      return use(index, opened)
    })
  }

  /** As `use`, in parts between which the event loop may run. @param empty the answer for a scope without rows */
  scan<A>(
    scope: Scope,
    begin: (index: ScopeIndex, opened: OpenVerdicts) => Scan<A>,
    empty: A
  ): Effect.Effect<A, MemoryError> {
    return this.#call(scope, function* (index, opened) {
      return index === null ? empty : yield* begin(index, opened)
    })
  }

  #call<A>(scope: Scope, begin: BeginCall<A>): Effect.Effect<A, MemoryError> {
    // The parts of one call come together.
    return Effect.andThen(
      breathe,
      Effect.suspend(() => this.#workInSlices(scope, new IndexCall(begin)))
    )
  }

  #workInSlices<A>(scope: Scope, call: IndexCall<A>): Effect.Effect<A, MemoryError> {
    const later = Effect.andThen(
      nextSlice,
      Effect.suspend(() => this.#workInSlices(scope, call))
    )
    const slice = Effect.suspend(() => {
      let index: ScopeIndex | null | "unfinished" = null
      try {
        index = this.#update(scope)
        if (index === "unfinished") return later
        if (index === null) return succeedReporting(this.#connection, call.answerEmpty())
        if (this.#options.awaitGraphs) {
          const graphTask = this.#startGraph(index)
          if (graphTask !== null) return Effect.andThen(graphTask, later)
        }
        const result = call.work(index)
        this.#served++
        return this.#answer(scope, index, result)
      } catch (error) {
        if (error instanceof SliceSpent && index instanceof ScopeIndex) {
          this.#recordUse(scopeKey(scope), index)
          return later
        }
        return Effect.fail(toMemoryError(this.#connection.path, error))
      }
    })
    return this.#connection.reads.guard(slice)
  }

  /** Answers, after it has begun what is to be done for the index in the background. */
  #answer<A>(scope: Scope, index: ScopeIndex, result: A): Effect.Effect<A> {
    const graphTask = this.#startGraph(index)
    this.#recordUse(scopeKey(scope), index)
    const reported = succeedReporting(this.#connection, result)
    const blocks = this.#writeBlocks(index)
    const written = blocks === null ? reported : Effect.andThen(blocks, reported)
    const rest = this.#beginRest(index)
    const begun = rest === null ? written : Effect.andThen(rest, written)
    return graphTask === null
      ? begun
      : Effect.andThen(Effect.forkIn(graphTask, this.#options.background), begun)
  }

  #update(scope: Scope): ScopeIndex | null | "unfinished" {
    this.#connection.assertReadable()
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
    // Without the package nothing comes that needs the room.
    if (graphs.available) graph.reservedBytes = graphBytes(passages, this.#arena.dimensions)
    this.#recordUse(scopeKey(index.scope), index)
    return Effect.map(graphs.obtain({ sid, rows: passages, removed }, extend), (obtained) => {
      graph.reservedBytes = 0
      graph.state = obtained === null ? "failed" : "idle"
      if (obtained !== null) graph.set(obtained)
    })
  }

  /**
   * Inside the transaction of a write: what takes its rows, for blocks of their own; null where that is not worth it.
   * @param before the scope @param rows of the write
   */
  fillBlocks(before: ScopeRow, rows: number): BlockFiller | null {
    return rows < FILLED_MIN || before.rows + rows <= BLOCKS_FROM_ROWS
      ? null
      : new BlockFiller(this.#blockTable, before, this.#arena, this.#options.settings)
  }

  /** Begins to write blocks of what the index's load read passage by passage; null without. */
  #writeBlocks(index: ScopeIndex): Effect.Effect<void> | null {
    const ranges = index.unblocked.take()
    if (ranges.length === 0 || this.#connection.readOnly || index.rows <= BLOCKS_FROM_ROWS) return null
    // The rows serve: the next load tries again.
    const write = Effect.ignore(this.#blockWriter.write(index.sid, ranges))
    return Effect.map(Effect.forkIn(write, this.#options.background), (fiber) => {
      this.#blocks.add(fiber)
      fiber.addObserver(() => this.#blocks.delete(fiber))
    })
  }

  /**
   * Begins to read the floats and texts of a scope that is asked again, between other calls: each new question would else
   * read some hundred of them one by one. Null where it is not worth it, or where others would have to go for it.
   */
  #beginRest(index: ScopeIndex): Effect.Effect<void> | null {
    if (this.bytes + index.restBytes > REST_SHARE * this.#options.maxBytes) return null
    const rest = index.takeRest()
    return rest === null
      ? null
      : Effect.asVoid(Effect.forkIn(this.#readRest(index, rest), this.#options.background))
  }

  #readRest(index: ScopeIndex, rest: RestFiller): Effect.Effect<void> {
    const slice = Effect.sync(() => this.#readSlice(index, rest))
    const read = Effect.andThen(yieldToEventLoop, this.#connection.reads.guard(slice))
    return Effect.flatMap(read, (goesOn) => (goesOn ? this.#readRest(index, rest) : Effect.void))
  }

  /** False when all is read, or the index is no longer in use. */
  #readSlice(index: ScopeIndex, rest: RestFiller): boolean {
    const entry = this.#entries.get(scopeKey(index.scope))
    try {
      // What is read must not be newer than the index's count of accesses.
      if (entry?.index !== index || this.#update(index.scope) !== index) return false
      const goesOn = this.#loader.readRest(index.sid, rest)
      this.#count(entry)
      return goesOn
    } catch {
      // The next call reads what it needs, and tells what is wrong.
      return false
    }
  }

  /** Lets blocks be written for a while: a process that closes after each question would never have any. */
  readonly finishBlocks: Effect.Effect<void> = Effect.suspend(() =>
    this.#blocks.size === 0
      ? Effect.void
      : Effect.raceFirst(
          Effect.asVoid(Effect.forEach(this.#blocks, (fiber) => Fiber.await(fiber))),
          pause(FINISH_BLOCKS_MS)
        )
  )

  #createEntry(key: string, scope: Scope, row: ScopeRow): Entry {
    this.#connection.damage.forget(row.sid)
    const expectedPassages = row.rows + this.#loader.countExtras(row.sid)
    const index = new ScopeIndex(scope, row.sid, {
      arena: this.#arena,
      spareBuffer: this.#spareBuffer,
      expectedRows: row.rows,
      expectedPassages,
      onDisk: this.#isLarge(expectedPassages),
      settings: this.#options.settings,
      reader: this.#reader
    })
    // The rows are read after this, so they show at least this state.
    index.seq = row.seq
    index.removed = row.removed
    index.touched = row.touched
    const entry = {
      index,
      bytes: 0,
      graphBytes: 0,
      decodedBytes: 0,
      usedAt: ++this.#loads,
      loaded: false,
      late: false
    }
    this.#uses.add(key)
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
  touched(scope: Scope, rids: ReadonlyArray<number>, now: number, touched: number): void {
    const index = this.#entries.get(scopeKey(scope))?.index
    if (index === undefined || index.touched !== touched - 1) return
    index.touch(rids, now)
    index.touched = touched
  }

  /**
   * This process has removed rows: takes them out of an index that shows the state before, which else compares all rows.
   * @param rows `before` and `after`: the scope's `removed`
   */
  removed(rows: {
    readonly sid: number
    readonly rids: ReadonlyArray<number>
    readonly before: number
    readonly after: number
  }): void {
    for (const { index } of this.#entries.values()) {
      if (index.sid !== rows.sid || index.removed !== rows.before) continue
      for (const rid of rows.rids) index.remove(rid)
      index.removed = rows.after
    }
  }

  #count(entry: Entry): void {
    const { bytes, graph } = entry.index
    this.#bytes += bytes - entry.bytes
    this.#graphBytes += graph.bytes - entry.graphBytes
    entry.bytes = bytes
    entry.graphBytes = graph.bytes
  }

  /** Counts the index's bytes, makes it the most recently used, and evicts others. */
  #recordUse(key: string, index: ScopeIndex): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#count(entry)
    // The calls of one conversation's turn, between two loads, are one use.
    if (entry.usedAt !== this.#loads) this.#uses.add(key)
    entry.usedAt = this.#loads
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const { graphs, maxBytes } = this.#options
    entry.late ||= !entry.loaded && this.bytes > maxBytes
    const isNewcomer = this.#newcomers.delete(key) || (!entry.loaded && index.loaded && entry.late)
    if (isNewcomer) this.#newcomers.add(key)
    entry.loaded = index.loaded
    this.#limitDecoded(key, entry)
    while (this.#graphBytes > graphs.maxBytes) {
      const other = this.#oldest(
        (name, held) => name !== key && !this.#isLoading(held) && held.graphBytes > 0
      )
      if (other === undefined) break
      this.#evict(other)
    }
    while (this.bytes > maxBytes && this.#makeRoom(key)) {
      // Until there is room.
    }
  }

  /** Counts the index's decoded memories, and drops those of scopes that were not used of late. */
  #limitDecoded(key: string, entry: Entry): void {
    this.#countDecoded(key, entry)
    const most = this.#options.maxBytes * DECODED_SHARE
    for (const other of this.#decoded) {
      if (this.#decodedBytes <= most || other === key) return
      const held = this.#entries.get(other)
      if (held === undefined) continue
      held.index.dropDecoded()
      this.#countDecoded(other, held)
      const { bytes } = held.index
      this.#bytes += bytes - held.bytes
      held.bytes = bytes
    }
  }

  #countDecoded(key: string, entry: Entry): void {
    const { decodedBytes } = entry.index
    this.#decodedBytes += decodedBytes - entry.decodedBytes
    entry.decodedBytes = decodedBytes
    this.#decoded.delete(key)
    if (decodedBytes > 0) this.#decoded.add(key)
  }

  /**
   * Drops one index, never the one in use; false if there is no other. One that came when there was no room goes first,
   * unless it was used more than the least recently used of the others: users in turn, more than there is room for,
   * would otherwise each drop the one that comes next.
   */
  #makeRoom(inUse: string): boolean {
    const newcomer = this.#newcomers.values().find((key) => key !== inUse)
    const resident = this.#oldest(
      (key, entry) => key !== inUse && !this.#newcomers.has(key) && !this.#isLoading(entry)
    )
    if (newcomer === undefined || resident === undefined) {
      const only = newcomer ?? resident
      if (only !== undefined) this.#evict(only)
      return only !== undefined
    }
    const isUsedMore = this.#uses.count(newcomer) > this.#uses.count(resident)
    if (isUsedMore) this.#newcomers.delete(newcomer)
    this.#evict(isUsedMore ? resident : newcomer)
    return true
  }

  /** Two long loads could drop each other for ever; one that nobody continues has no use of late. */
  #isLoading({ loaded, usedAt }: Entry): boolean {
    return !loaded && usedAt > this.#loads - ABANDONED_AFTER
  }

  /** The least recently used candidate. */
  #oldest(isCandidate: (key: string, entry: Entry) => boolean): string | undefined {
    for (const [key, entry] of this.#entries) if (isCandidate(key, entry)) return key
    return undefined
  }

  #evict(key: string): void {
    this.#evictions++
    this.#drop(key)
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#bytes -= entry.bytes
    this.#graphBytes -= entry.graphBytes
    this.#decodedBytes -= entry.decodedBytes
    this.#entries.delete(key)
    this.#decoded.delete(key)
    this.#newcomers.delete(key)
    entry.index.free()
  }

  clear(): void {
    for (const key of Array.from(this.#entries.keys())) this.#drop(key)
  }
}
