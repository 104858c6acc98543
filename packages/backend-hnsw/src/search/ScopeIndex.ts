import {
  ANY,
  type AroundRequest,
  type AroundRow,
  type Cursor,
  cutPage,
  type LatestRequest,
  type ListRequest,
  type Memory,
  type Page,
  pageSummaries,
  type Scope,
  type SearchHit,
  type SearchRequest,
  type SearchResult,
  type SessionPage,
  type SessionsRequest
} from "@keepsake/core/driver"
import type { Body } from "../codec/bodyBlob.ts"
import { makeRowFilter, memoryFilter, type RowFilterRequest } from "../codec/rowFilter.ts"
import { localFromRid, makeRid } from "../codec/memoryRow.ts"
import type { ScratchArrays } from "./arrays/ScratchArrays.ts"
import { selectTop, type TopK } from "./arrays/TopK.ts"
import { Postings } from "./postings/Postings.ts"
import type { SpareBuffer } from "./postings/PostingsBuffer.ts"
import { DecodedMemories } from "./rows/DecodedMemories.ts"
import { findLatestSlots, lastSaidFirst } from "./rows/latestRows.ts"
import type { OpenVerdicts } from "./rows/OpenVerdicts.ts"
import { RowColumns } from "./rows/RowColumns.ts"
import { RowNames } from "./rows/RowNames.ts"
import { SessionChains } from "./rows/SessionChains.ts"
import { summariseSessions } from "./rows/sessionSummaries.ts"
import { ScopeGraph } from "./ScopeGraph.ts"
import { VectorStorage } from "./vectors/VectorStorage.ts"
import type { WasmArena } from "./vectors/WasmArena.ts"

/** The columns that an index reads of a row. */
export interface IndexedRow {
  readonly rid: number
  readonly flags: number
  readonly turn: number | null
  readonly said_at: number
  readonly expires_at: number | null
}

/** Reads from the file what an index does not hold. */
export interface RowReader {
  /** Null if the row was removed. */
  memory(rid: number): Memory | null
  /** Empty if the row was removed. */
  id(rid: number): string
  /** False if the row was removed. */
  vector(rid: number, into: Float32Array): boolean
}

/** A scope's search index in memory, derived from the file: `IndexCache` keeps it up to date and may drop it. */
export class ScopeIndex {
  readonly scope: Scope
  readonly sid: number
  readonly onDisk: boolean
  /** The scope's counters as of the last update of this index. */
  seq = 0
  removed = 0
  touched = 0
  /** Every row has been read once. */
  loaded = false
  readonly graph: ScopeGraph
  readonly #reader: RowReader
  readonly #hasVectors: boolean
  readonly #scratch: ScratchArrays
  readonly #vectors: VectorStorage
  readonly #postings: Postings
  readonly #rows: RowColumns
  readonly #sessions = new SessionChains()
  readonly #names = new RowNames()
  readonly #memories = new DecodedMemories()
  /** Memories are cached from the second search on: most scopes are searched once. */
  #searches = 0

  /** @param options `onDisk` leaves the vectors in the file (`VectorStorage`) */
  constructor(
    scope: Scope,
    sid: number,
    options: {
      readonly arena: WasmArena
      readonly spareBuffer: SpareBuffer
      readonly expectedRows: number
      readonly onDisk: boolean
      readonly reader: RowReader
    }
  ) {
    const { arena, expectedRows, onDisk, reader, spareBuffer } = options
    this.scope = scope
    this.sid = sid
    this.onDisk = onDisk
    this.#reader = reader
    this.#hasVectors = arena.dimensions > 0
    this.#scratch = arena.scratch
    this.#postings = new Postings(arena.scratch, spareBuffer)
    this.#rows = new RowColumns(expectedRows)
    this.#vectors = new VectorStorage(arena, onDisk, (slot, into) => reader.vector(this.#rid(slot), into))
    this.graph = new ScopeGraph(this.#rows, this.#vectors)
  }

  /** Without the graph. */
  get bytes(): number {
    return (
      2_000 +
      this.#vectors.bytes +
      this.#postings.bytes +
      this.#rows.bytes +
      this.#sessions.bytes +
      this.#names.bytes +
      this.#memories.bytes
    )
  }

  /** Rows that are not removed. */
  get rows(): number {
    return this.#rows.count - this.#rows.removed
  }

  /** Removed rows waste so much space that a new index is better. */
  get needsRebuild(): boolean {
    return this.#rows.removed > 64 && this.#rows.removed * 4 > this.#rows.count
  }

  /** The greatest row number read, or -1. */
  get lastLocal(): number {
    return this.#rows.lastLocal
  }

  /** Add rows in ascending order of `rid`. */
  add(row: IndexedRow, body: Body): void {
    const slot = this.#rows.count
    this.#names.read(body)
    const { session, speaker } = this.#names
    this.#rows.push({
      local: localFromRid(row.rid),
      flags: row.flags,
      expiresAt: row.expires_at ?? Number.POSITIVE_INFINITY,
      saidAt: row.said_at,
      session,
      speaker,
      turn: row.turn,
      hasVector: body.dimensions > 0,
      previous: row.turn === null || session < 0 ? -1 : this.#sessions.append(session, slot)
    })
    this.#vectors.push(body.vectorBytes)
    this.#postings.add(slot, body)
  }

  /** After rows were added. */
  settle(): void {
    this.#postings.settle()
    this.#vectors.settle()
  }

  /** Updates a row's lifetime. */
  change(row: Pick<IndexedRow, "rid" | "flags" | "expires_at">): void {
    const slot = this.#rows.findSlot(localFromRid(row.rid))
    if (slot < 0 || this.#rows.isRemoved(slot)) return
    this.#rows.setLifetime(slot, row.flags, row.expires_at ?? Number.POSITIVE_INFINITY)
    this.#memories.delete(slot)
  }

  /** Removes the rows that are not in `locals` (ascending). */
  retain(locals: Uint32Array): void {
    let i = 0
    for (let slot = 0; slot < this.#rows.count; slot++) {
      const local = this.#rows.local(slot)
      while (i < locals.length && (locals[i] ?? 0) < local) i++
      if (locals[i] === local || this.#rows.isRemoved(slot)) continue
      this.#rows.remove(slot)
      this.#memories.delete(slot)
    }
  }

  /** Null if another process has just removed the row. */
  #memory(slot: number): Memory | null {
    const cached = this.#memories.get(slot)
    if (cached !== undefined) return cached
    const memory = this.#reader.memory(this.#rid(slot))
    if (memory !== null && this.#searches > 1) this.#memories.set(slot, memory)
    return memory
  }

  #rid(slot: number): number {
    return makeRid(this.sid, this.#rows.local(slot))
  }

  /** After accesses that this process did not count. */
  forgetMemories(): void {
    this.#memories.clear()
  }

  /** Counts one access of each memory. */
  touch(ids: ReadonlyArray<string>, now: number): void {
    this.#memories.touch(new Set(ids), now)
  }

  #rowFilter(request: RowFilterRequest, opened: OpenVerdicts): (slot: number) => boolean {
    return makeRowFilter(request, this.#rows, {
      sessionNumber: (name) => this.#names.sessions.find(name),
      speakerNumber: (name) => this.#names.speakers.find(name),
      memoryPasses: (slot, passes) =>
        opened.verdict(slot, () => {
          const memory = this.#memory(slot)
          return memory !== null && passes(memory)
        })
    })
  }

  /** Memories of slots that passed, without those that were removed or, while the call waited for a slice, changed. */
  #passingMemory(slot: number, request: RowFilterRequest, opened: OpenVerdicts): Memory | null {
    const memory = this.#memory(slot)
    return memory === null || (opened.used && !memoryFilter(request)(memory)) ? null : memory
  }

  search(request: SearchRequest, opened: OpenVerdicts): SearchResult {
    const { exact, limit, terms, vector } = request
    this.#searches++
    const passes = this.#rowFilter(request, opened)
    const room = Math.min(limit, this.#rows.count)
    const isCurrent = (slot: number) => this.#rows.isCurrent(slot)
    const scores = this.#scratch.sums(terms === undefined ? 0 : this.#rows.count)
    const df = this.#postings.score(terms ?? new Uint32Array(), this.#rows.current, isCurrent, scores)
    const byTerms = terms === undefined ? [] : selectTop(scores, room, passes, 0).slots
    const byGraph =
      vector === undefined || exact === true ? null : this.graph.findNearest(vector, room, passes)
    const nearest =
      vector === undefined
        ? null
        : (byGraph ?? this.#vectors.findNearest(vector, room, passes, exact === true))
    const cosines = vector === undefined || nearest === null ? null : this.#cosines(vector, nearest, byTerms)
    const hits: Array<SearchHit> = []
    for (const slot of cosines?.keys() ?? byTerms) {
      const memory = this.#passingMemory(slot, request, opened)
      if (memory !== null) hits.push({ memory, cosine: cosines?.get(slot) ?? null, bm25: scores[slot] ?? 0 })
    }
    const byWordsAlone = this.#hasVectors ? this.#rows.currentWithoutVector : 0
    const way = byGraph === null ? "exact" : "graph"
    return { hits, n: this.#rows.current, df, plan: { way, byWordsAlone } }
  }

  /** Cosines of the nearest slots and of `byTerms`; null for a slot without a vector. */
  #cosines(
    query: Float32Array,
    nearest: TopK,
    byTerms: Iterable<number>
  ): ReadonlyMap<number, number | null> {
    const cosines = new Map<number, number | null>()
    nearest.slots.forEach((slot, i) => cosines.set(slot, nearest.scores[i] ?? 0))
    const others = Uint32Array.from(byTerms).filter((slot) => !cosines.has(slot))
    const otherCosines = this.#vectors.cosines(query, others)
    others.forEach((slot, i) => cosines.set(slot, this.#vectors.has(slot) ? (otherCosines[i] ?? 0) : null))
    return cosines
  }

  /** Visible rows within `radius` turns of an anchor, in its session, each once. */
  around(
    { anchors, asOf, now, radius, vector }: AroundRequest,
    opened: OpenVerdicts
  ): ReadonlyArray<AroundRow> {
    const passes = this.#rowFilter({ now, asOf, filter: ANY }, opened)
    const turnsBySession = new Map<number, Set<number>>()
    for (const { sessionId, turn } of anchors) {
      const session = this.#names.sessions.find(sessionId)
      const turns = turnsBySession.get(session) ?? new Set()
      for (let near = turn - radius; near <= turn + radius; near++) turns.add(near)
      turnsBySession.set(session, turns)
    }
    const slots = Array.from(turnsBySession).flatMap(([session, turns]) =>
      this.#sessions.findSlots(session, turns, this.#rows).filter(passes)
    )
    const cosines = vector === undefined ? null : this.#vectors.cosines(vector, Uint32Array.from(slots))
    return slots.flatMap((slot, i) => {
      const memory = this.#memory(slot)
      if (memory === null) return []
      return [{ memory, cosine: cosines === null || !this.#vectors.has(slot) ? null : (cosines[i] ?? 0) }]
    })
  }

  /** Live rows that match, newest first. */
  latest(request: LatestRequest, opened: OpenVerdicts): ReadonlyArray<Memory> {
    const passes = this.#rowFilter(request, opened)
    const slots = findLatestSlots(this.#rows, this.#rows.count, request.limit, passes)
    const memories = slots.flatMap((slot) => this.#passingMemory(slot, request, opened) ?? [])
    return memories.sort(lastSaidFirst).slice(0, request.limit)
  }

  /** A page of row numbers by `(saidAt, id)`: no index of the file has that order. */
  listBySaid(request: ListRequest, opened: OpenVerdicts): Page<number> {
    const { after, limit, newestFirst } = request
    const rows = this.#rows
    const sign = newestFirst === true ? 1 : -1
    const place = (slot: number): Cursor => ({
      at: rows.saidAt(slot),
      id: opened.id(slot, () => this.#reader.id(this.#rid(slot)))
    })
    const compare = (a: Cursor, b: Cursor): number =>
      sign * (b.at - a.at || (a.id === b.id ? 0 : a.id < b.id ? 1 : -1))
    const passes = this.#rowFilter(request, opened)
    const isAfter = (slot: number, cursor: Cursor): boolean =>
      rows.saidAt(slot) === cursor.at
        ? compare(place(slot), cursor) > 0
        : sign * (cursor.at - rows.saidAt(slot)) > 0
    // Backwards for the oldest first, since rows are mostly written in the order they were said.
    const toSlot = (i: number): number => (newestFirst === true ? i : rows.count - 1 - i)
    const found = findLatestSlots(
      { saidAt: (i) => sign * rows.saidAt(toSlot(i)), turn: () => -1 },
      rows.count,
      limit + 1,
      (i) => (after === undefined || isAfter(toSlot(i), after)) && passes(toSlot(i))
    )
    const places = found
      .map((i) => ({ slot: toSlot(i), place: place(toSlot(i)) }))
      .sort((a, b) => compare(a.place, b.place))
    const { next, page } = cutPage(places, limit, (last) => last.place)
    return { rows: page.map(({ slot }) => this.#rid(slot)), next }
  }

  sessions(request: SessionsRequest, opened: OpenVerdicts): SessionPage {
    const passes = this.#rowFilter({ now: request.now, filter: ANY }, opened)
    return pageSummaries(summariseSessions(this.#rows, this.#names.sessions.all, passes), request)
  }

  /** Distinct speakers of live rows. */
  speakers(now: number, opened: OpenVerdicts): ReadonlyArray<string> {
    const passes = this.#rowFilter({ now, filter: ANY }, opened)
    const names = this.#names.speakers.all
    const seen = new Uint8Array(names.length)
    for (let slot = 0, unseen = names.length; slot < this.#rows.count && unseen > 0; slot++) {
      const speaker = this.#rows.speaker(slot)
      if (speaker < 0 || seen[speaker] === 1 || !passes(slot)) continue
      seen[speaker] = 1
      unseen--
    }
    return names.filter((_, i) => seen[i] === 1)
  }

  /** The index must not be used afterwards. */
  free(): void {
    this.#vectors.free()
    this.graph.free()
    this.forgetMemories()
  }
}
