import {
  type AroundRequest,
  type AroundRow,
  type Filter,
  type LatestRequest,
  type Memory,
  type Scope,
  type SearchHit,
  type SearchRequest,
  type SearchResult,
  isVisible,
  matches
} from "@keepsake/core/driver"
import type { WasmArena } from "./vectors/WasmArena.ts"
import { type Body, namesOf } from "../codec/bodyBlob.ts"
import { RowColumns } from "./rows/RowColumns.ts"
import type { Graph } from "../graph/Graph.ts"
import { lastSaidFirst, latestSlots } from "./rows/latestRows.ts"
import { DecodedMemories } from "./rows/DecodedMemories.ts"
import { StringInterner } from "./rows/StringInterner.ts"
import { Postings } from "./postings/Postings.ts"
import { CLOSED, localOf, ridOf } from "../codec/memoryRow.ts"
import type { ScratchArrays } from "./arrays/ScratchArrays.ts"
import { SessionChains } from "./rows/SessionChains.ts"
import { flagMasks, flagsPass } from "../codec/filter.ts"
import { type TopK, topOf } from "./arrays/TopK.ts"
import { VectorStorage } from "./vectors/VectorStorage.ts"

/** Not a flag of the file: the row is gone, its slot remains. */
const DEAD = 128

/** More is asked of the graph than is wanted, for the rows that do not pass. */
const GRAPH_SURPLUS = 1.25

/** What an index keeps of a row; everything else is read again when it is needed. */
export interface IndexedRow {
  readonly rid: number
  readonly flags: number
  readonly turn: number | null
  readonly said_at: number
  readonly expires_at: number | null
}

/** What a search asks of the index, beside the query itself. */
export interface Question {
  readonly now: number
  readonly asOf?: number | undefined
  readonly filter: Filter
}

/** Reads from the file what the index does not keep, by row number; null when the row is gone. */
export interface RowReader {
  memory(rid: number): Memory | null
  /** False when there is none. */
  vector(rid: number, into: Float32Array): boolean
}

/**
 * A scope's rows in memory, for searching: a slot for each row in order of its number, never reused. It is
 * derived from the file and may be dropped at any time; `IndexCache` keeps it in step.
 */
export class ScopeIndex {
  readonly scope: Scope
  readonly sid: number
  readonly onDisk: boolean
  /** The scope's counters as far as this index has followed them. */
  seq = 0
  removed = 0
  touched = 0
  /** Whether every row there was has been read once. */
  loaded = false
  /** From the second search on memories are kept for the next: most scopes are left alone after one. */
  #searches = 0

  readonly #reader: RowReader
  readonly #scratch: ScratchArrays
  readonly #vectors: VectorStorage
  readonly #postings: Postings
  readonly #columns: RowColumns
  readonly #sessions = new SessionChains()
  readonly #sessionNames = new StringInterner()
  readonly #speakerNames = new StringInterner()
  /** The names of the row added last, as its body has them: the next row's are mostly the same. */
  #namesKey = ""
  #session = -1
  #speaker = -1
  #graph: Graph | null = null
  #freed = false
  /** What becomes of the graph: none is wanted yet, one is on its way, or there can be none. */
  graphState: "open" | "pending" | "failed" = "open"
  /** Bytes kept free for a graph that is on its way. */
  reservedBytes = 0
  readonly #memories = new DecodedMemories()
  #count = 0
  #dead = 0
  #current = 0

  /**
   * @param rows as many as are expected
   * @param onDisk leave the vectors in the file and search over codes; see `VectorStorage`
   */
  constructor(
    scope: Scope,
    sid: number,
    options: {
      readonly arena: WasmArena
      readonly rows: number
      readonly lean: boolean
      readonly reader: RowReader
    }
  ) {
    const { arena, lean, reader, rows } = options
    this.scope = scope
    this.sid = sid
    this.onDisk = lean
    this.#reader = reader
    this.#scratch = arena.scratch
    this.#postings = new Postings(arena.scratch)
    this.#columns = new RowColumns(rows)
    this.#vectors = new VectorStorage(arena, lean, (slot, into) => reader.vector(this.#ridOf(slot), into))
  }

  /** Bytes of the graph, or kept free for one that is on its way. */
  get graphBytes(): number {
    return Math.max(this.reservedBytes, this.#graph?.bytes ?? 0)
  }

  /** All but the graph. */
  get bytes(): number {
    return (
      2_000 +
      this.#vectors.bytes +
      this.#postings.bytes +
      this.#columns.bytes +
      this.#sessions.bytes +
      this.#sessionNames.bytes +
      this.#speakerNames.bytes +
      this.#memories.bytes
    )
  }

  /** Rows that the graph lacks. */
  get rowsBesideGraph(): number {
    return this.#count - this.#slotAfter(this.#graph?.through ?? -1)
  }

  get graph(): Graph | null {
    return this.#graph
  }

  /** Takes a graph over, its memory included. */
  setGraph(graph: Graph): void {
    this.#graph?.free()
    this.#graph = this.#freed ? null : graph
    if (this.#freed) graph.free()
  }

  get rows(): number {
    return this.#count - this.#dead
  }

  /** So many rows are gone that it had better be made anew. */
  get needsRebuild(): boolean {
    return this.#dead > 64 && this.#dead * 4 > this.#count
  }

  /** The greatest row number seen, or -1. */
  get lastLocal(): number {
    return this.#count === 0 ? -1 : this.#columns.local(this.#count - 1)
  }

  /** Rows come in ascending order of `rid`. */
  add(row: IndexedRow, body: Body): void {
    const slot = this.#count
    this.#name(body)
    this.#columns.set(slot, {
      local: localOf(row.rid),
      flags: row.flags,
      expires: row.expires_at ?? Number.POSITIVE_INFINITY,
      said: row.said_at,
      session: this.#session,
      speaker: this.#speaker,
      turn: row.turn,
      before: row.turn === null || this.#session < 0 ? -1 : this.#sessions.place(this.#session, slot)
    })
    this.#vectors.push(body.vectorBytes)
    this.#postings.add(slot, body)
    if ((row.flags & CLOSED) === 0) this.#current++
    this.#count++
  }

  #name(body: Body): void {
    const key = body.namesKey
    if (key === this.#namesKey) return
    const { sessionId, speaker } = namesOf(key)
    this.#namesKey = key
    this.#session = this.#sessionNames.number(sessionId)
    this.#speaker = this.#speakerNames.number(speaker)
  }

  /** After rows were added. */
  settle(): void {
    this.#postings.settle()
    this.#vectors.settle()
  }

  /** The first slot whose row's number is greater. */
  #slotAfter(local: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#columns.local(middle) <= local) low = middle + 1
      else high = middle
    }
    return low
  }

  #slotOf(local: number): number {
    const slot = this.#slotAfter(local) - 1
    return slot >= 0 && this.#columns.local(slot) === local ? slot : -1
  }

  /** A row's lifetime has changed. */
  change(row: Pick<IndexedRow, "rid" | "flags" | "expires_at">): void {
    const slot = this.#slotOf(localOf(row.rid))
    if (slot < 0 || this.#isDead(slot)) return
    this.#current += Number((row.flags & CLOSED) === 0) - Number(this.#isCurrent(slot))
    this.#columns.setLifetime(slot, row.flags, row.expires_at ?? Number.POSITIVE_INFINITY)
    this.#memories.delete(slot)
  }

  /** Rows up to `lastLocal` that are not among `locals` (ascending) are gone. */
  retain(locals: Uint32Array): void {
    let at = 0
    for (let slot = 0; slot < this.#count; slot++) {
      const local = this.#columns.local(slot)
      while (at < locals.length && (locals[at] ?? 0) < local) at++
      if (locals[at] !== local && !this.#isDead(slot)) this.#kill(slot)
    }
  }

  #kill(slot: number): void {
    if (this.#isCurrent(slot)) this.#current--
    this.#columns.setLifetime(slot, DEAD | CLOSED, 0)
    this.#dead++
    this.#memories.delete(slot)
  }

  #isDead(slot: number): boolean {
    return (this.#columns.flags(slot) & DEAD) !== 0
  }

  #isCurrent(slot: number): boolean {
    return (this.#columns.flags(slot) & CLOSED) === 0
  }

  /** The row's memory, kept from the last time; null when it has just been removed by another process. */
  #memory(slot: number): Memory | null {
    const known = this.#memories.get(slot)
    if (known !== undefined) return known
    const memory = this.#reader.memory(this.#ridOf(slot))
    if (memory !== null && this.#searches > 1) this.#memories.set(slot, memory)
    return memory
  }

  #ridOf(slot: number): number {
    return ridOf(this.sid, this.#columns.local(slot))
  }

  /** Access counts have changed in ways not known here. */
  forgetMemories(): void {
    this.#memories.clear()
  }

  /** Access counts have changed by one for each of these. */
  touch(ids: ReadonlyArray<string>, now: number): void {
    this.#memories.touch(new Set(ids), now)
  }

  /** Whether a slot's row may be returned; what the numbers cannot tell is read. */
  #passing({ asOf, filter, now }: Question): (slot: number) => boolean {
    const masks = flagMasks(filter)
    const from = filter.saidFrom ?? Number.NEGATIVE_INFINITY
    const to = filter.saidTo ?? Number.POSITIVE_INFINITY
    const session = filter.sessionId === undefined ? null : this.#sessionNames.find(filter.sessionId)
    const except = filter.exceptSessionId === undefined ? -2 : this.#sessionNames.find(filter.exceptSessionId)
    const speakers = filter.speakers?.map((name) => this.#speakerNames.find(name))
    const excluded = asOf === undefined ? DEAD | CLOSED : DEAD
    const reads = asOf !== undefined || filter.metadata !== undefined
    return (slot) => {
      const flags = this.#columns.flags(slot)
      if ((flags & excluded) !== 0 || this.#columns.expires(slot) <= now || !flagsPass(masks, flags))
        return false
      const said = this.#columns.said(slot)
      const inSession = this.#columns.session(slot)
      if (said < from || said >= to) return false
      if ((session !== null && inSession !== session) || (inSession === except && except >= 0)) return false
      if (speakers !== undefined && !speakers.includes(this.#columns.speaker(slot))) return false
      if (!reads) return true
      const memory = this.#memory(slot)
      return memory !== null && isVisible(memory, now, asOf) && matches(filter, memory)
    }
  }

  search(request: SearchRequest): SearchResult {
    const { exact, limit, terms, vector } = request
    this.#searches++
    const passes = this.#passing(request)
    const room = Math.min(limit, this.#count)
    const isCurrent = (slot: number) => this.#isCurrent(slot)
    const scores = this.#scratch.sums(terms === undefined ? 0 : this.#count)
    const df = this.#postings.score(terms ?? new Uint32Array(), this.#current, isCurrent, scores)
    const byWords = terms === undefined ? [] : topOf(scores, room, passes, 0).slots
    const cosines = vector === undefined ? null : this.#cosines(vector, room, passes, exact === true, byWords)
    const hits: Array<SearchHit> = []
    for (const slot of cosines?.keys() ?? byWords) {
      const memory = this.#memory(slot)
      if (memory !== null) hits.push({ memory, cosine: cosines?.get(slot) ?? null, bm25: scores[slot] ?? 0 })
    }
    return { hits, n: this.#current, df }
  }

  /** The nearest slots and those `wanted` beside them, each with its cosine; null for one that has no vector. */
  #cosines(
    vector: Float32Array,
    limit: number,
    passes: (slot: number) => boolean,
    exact: boolean,
    wanted: Iterable<number>
  ): ReadonlyMap<number, number | null> {
    const near =
      (exact ? null : this.#topOfGraph(vector, limit, passes)) ??
      this.#vectors.top(vector, limit, passes, exact)
    const cosines = new Map<number, number | null>()
    near.slots.forEach((slot, i) => cosines.set(slot, near.scores[i] ?? 0))
    const others = Uint32Array.from(wanted).filter((slot) => !cosines.has(slot))
    const scores = this.#vectors.cosines(vector, others)
    others.forEach((slot, i) => cosines.set(slot, this.#vectors.has(slot) ? (scores[i] ?? 0) : null))
    return cosines
  }

  /** By the graph, and by a scan of the rows that came after it; null when too few of those it finds pass. */
  #topOfGraph(vector: Float32Array, limit: number, passes: (slot: number) => boolean): TopK | null {
    const graph = this.#graph
    if (graph === null || limit === 0) return null
    const { cosines, locals } = graph.search(vector, Math.ceil(limit * GRAPH_SURPLUS) + 8)
    const top = this.#vectors.top(vector, limit, passes, false, this.#slotAfter(graph.through))
    let passed = 0
    locals.forEach((local, i) => {
      const slot = this.#slotOf(local)
      if (slot < 0 || !passes(slot)) return
      passed++
      if ((cosines[i] ?? 0) > top.bar) top.push(cosines[i] ?? 0, slot)
    })
    return passed >= limit ? top : null
  }

  /** Visible rows within `radius` turns of an anchor, in its session, each once. */
  around({ anchors, asOf, now, radius, vector }: AroundRequest): ReadonlyArray<AroundRow> {
    const passes = this.#passing({ now, asOf, filter: {} })
    const near = new Map<number, Set<number>>()
    for (const { sessionId, turn } of anchors) {
      const session = this.#sessionNames.find(sessionId)
      const turns = near.get(session) ?? new Set()
      for (let at = turn - radius; at <= turn + radius; at++) turns.add(at)
      near.set(session, turns)
    }
    const slots = Array.from(near).flatMap(([session, turns]) =>
      this.#sessions.slots(session, turns, this.#columns).filter(passes)
    )
    const cosines = vector === undefined ? null : this.#vectors.cosines(vector, Uint32Array.from(slots))
    return slots.flatMap((slot, i) => {
      const memory = this.#memory(slot)
      if (memory === null) return []
      return [{ memory, cosine: cosines === null || !this.#vectors.has(slot) ? null : (cosines[i] ?? 0) }]
    })
  }

  /** Visible rows that pass, the last said first. */
  latest({ filter, limit, now }: LatestRequest): ReadonlyArray<Memory> {
    const slots = latestSlots(this.#columns, this.#count, limit, this.#passing({ now, filter }))
    const memories = slots.flatMap((slot) => this.#memory(slot) ?? [])
    return memories.sort(lastSaidFirst).slice(0, limit)
  }

  /** Names of those who spoke in live rows. */
  speakers(now: number): ReadonlyArray<string> {
    const passes = this.#passing({ now, filter: {} })
    const names = this.#speakerNames.all
    const found = new Uint8Array(names.length)
    for (let slot = 0, missing = names.length; slot < this.#count && missing > 0; slot++) {
      const speaker = this.#columns.speaker(slot)
      if (speaker < 0 || found[speaker] === 1 || !passes(slot)) continue
      found[speaker] = 1
      missing--
    }
    return names.filter((_, i) => found[i] === 1)
  }

  /** The index must not be used afterwards. */
  free(): void {
    this.#vectors.free()
    this.#graph?.free()
    this.#graph = null
    this.#freed = true
    this.forgetMemories()
  }
}
