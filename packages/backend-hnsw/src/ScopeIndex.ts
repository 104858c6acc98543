import {
  type AroundRequest,
  type AroundRow,
  type Filter,
  type Memory,
  type Scope,
  type SearchHit,
  type SearchRequest,
  type SearchResult,
  idf,
  isVisible,
  matches
} from "@keepsake/core"
import type { Arena } from "./Arena.ts"
import type { Body } from "./body.ts"
import type { Graph } from "./graph/Graph.ts"
import { grown } from "./grown.ts"
import { MemoryCache } from "./MemoryCache.ts"
import { Names } from "./Names.ts"
import { Postings } from "./Postings.ts"
import { CLOSED, localOf, ridOf } from "./row.ts"
import { flagMasks, flagsPass } from "./selection.ts"
import { TopK } from "./TopK.ts"
import { Vectors } from "./Vectors.ts"

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
  vector(rid: number): Float32Array | null
}

/**
 * A scope's rows in memory, for searching: a slot for each row in order of its number, never reused. It is
 * derived from the file and may be dropped at any time; `IndexCache` keeps it in step.
 */
export class ScopeIndex {
  readonly scope: Scope
  readonly sid: number
  readonly lean: boolean
  /** The scope's counters as far as this index has followed them. */
  seq = 0
  removed = 0
  touched = 0
  /** Whether every row there was has been read once. */
  loaded = false

  readonly #reader: RowReader
  readonly #vectors: Vectors
  readonly #postings = new Postings()
  #locals = new Uint32Array(16)
  #flags = new Uint8Array(16)
  #expires = new Float64Array(16)
  #said = new Float64Array(16)
  #sessions = new Int32Array(16)
  #speakers = new Int32Array(16)
  #turns = new Float64Array(16)
  /** The slots of a session's rows that have a turn, by the session's number. */
  readonly #conversations = new Map<number, Array<number>>()
  readonly #sessionNames = new Names()
  readonly #speakerNames = new Names()
  #graph: Graph | null = null
  #freed = false
  /** What becomes of the graph: none is wanted yet, one is on its way, or there can be none. */
  graphState: "open" | "pending" | "failed" = "open"
  /** Bytes kept free for a graph that is on its way. */
  reservedBytes = 0
  readonly #memories = new MemoryCache()
  #count = 0
  #dead = 0
  #current = 0

  /** @param lean leave the vectors in the file and search over codes; see `Vectors` */
  constructor(scope: Scope, sid: number, arena: Arena, lean: boolean, reader: RowReader) {
    this.scope = scope
    this.sid = sid
    this.lean = lean
    this.#reader = reader
    this.#vectors = new Vectors(arena, lean, (slot) => reader.vector(this.#ridOf(slot)))
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
      // Columns, and a place in a conversation with its share of the list.
      53 * this.#locals.length +
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
  get worn(): boolean {
    return this.#dead > 64 && this.#dead * 4 > this.#count
  }

  /** The greatest row number seen, or -1. */
  get lastLocal(): number {
    return this.#count === 0 ? -1 : (this.#locals[this.#count - 1] ?? -1)
  }

  /** Rows come in ascending order of `rid`. */
  add(row: IndexedRow, body: Body): void {
    const slot = this.#count
    this.#locals = grown(this.#locals, slot + 1)
    this.#flags = grown(this.#flags, slot + 1)
    this.#expires = grown(this.#expires, slot + 1)
    this.#said = grown(this.#said, slot + 1)
    this.#sessions = grown(this.#sessions, slot + 1)
    this.#speakers = grown(this.#speakers, slot + 1)
    this.#turns = grown(this.#turns, slot + 1)
    const { sessionId, speaker } = body.texts
    this.#locals[slot] = localOf(row.rid)
    this.#flags[slot] = row.flags
    this.#expires[slot] = row.expires_at ?? Number.POSITIVE_INFINITY
    this.#said[slot] = row.said_at
    this.#sessions[slot] = this.#sessionNames.number(sessionId)
    this.#speakers[slot] = this.#speakerNames.number(speaker)
    if (row.turn !== null) this.#turns[slot] = row.turn
    if (row.turn !== null && sessionId !== null) this.#placeIn(this.#sessions[slot] ?? 0, slot)
    this.#vectors.push(body.vectorBytes)
    const { ids, weights } = body.terms
    this.#postings.add({ slot, ids, weights })
    if ((row.flags & CLOSED) === 0) this.#current++
    this.#count++
  }

  #placeIn(session: number, slot: number): void {
    const slots = this.#conversations.get(session)
    if (slots === undefined) this.#conversations.set(session, [slot])
    else slots.push(slot)
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
      if ((this.#locals[middle] ?? 0) <= local) low = middle + 1
      else high = middle
    }
    return low
  }

  #slotOf(local: number): number {
    const slot = this.#slotAfter(local) - 1
    return this.#locals[slot] === local ? slot : -1
  }

  /** A row's lifetime has changed. */
  change(row: Pick<IndexedRow, "rid" | "flags" | "expires_at">): void {
    const slot = this.#slotOf(localOf(row.rid))
    if (slot < 0 || this.#isDead(slot)) return
    this.#current += Number((row.flags & CLOSED) === 0) - Number(this.#isCurrent(slot))
    this.#flags[slot] = row.flags
    this.#expires[slot] = row.expires_at ?? Number.POSITIVE_INFINITY
    this.#memories.delete(slot)
  }

  /** Rows up to `lastLocal` that are not among `locals` (ascending) are gone. */
  retain(locals: Uint32Array): void {
    let at = 0
    for (let slot = 0; slot < this.#count; slot++) {
      const local = this.#locals[slot] ?? 0
      while (at < locals.length && (locals[at] ?? 0) < local) at++
      if (locals[at] !== local && !this.#isDead(slot)) this.#kill(slot)
    }
  }

  #kill(slot: number): void {
    if (this.#isCurrent(slot)) this.#current--
    this.#flags[slot] = DEAD | CLOSED
    this.#dead++
    this.#memories.delete(slot)
  }

  #isDead(slot: number): boolean {
    return ((this.#flags[slot] ?? DEAD) & DEAD) !== 0
  }

  #isCurrent(slot: number): boolean {
    return ((this.#flags[slot] ?? CLOSED) & CLOSED) === 0
  }

  /** The row's memory, kept from the last time; null when it has just been removed by another process. */
  #memory(slot: number): Memory | null {
    const known = this.#memories.get(slot)
    if (known !== undefined) return known
    const memory = this.#reader.memory(this.#ridOf(slot))
    if (memory !== null) this.#memories.set(slot, memory)
    return memory
  }

  #ridOf(slot: number): number {
    return ridOf(this.sid, this.#locals[slot] ?? 0)
  }

  /** Access counts have changed in ways not known here. */
  forgetMemories(): void {
    this.#memories.clear()
  }

  /** Access counts have changed by one for each of these. */
  touch(ids: ReadonlyArray<string>, now: number): void {
    for (const id of ids) this.#memories.touch(id, now)
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
      const flags = this.#flags[slot] ?? DEAD
      if ((flags & excluded) !== 0 || (this.#expires[slot] ?? 0) <= now || !flagsPass(masks, flags))
        return false
      const said = this.#said[slot] ?? 0
      const inSession = this.#sessions[slot] ?? -1
      if (said < from || said >= to) return false
      if ((session !== null && inSession !== session) || (inSession === except && except >= 0)) return false
      if (speakers !== undefined && !speakers.includes(this.#speakers[slot] ?? -1)) return false
      if (!reads) return true
      const memory = this.#memory(slot)
      return memory !== null && isVisible(memory, now, asOf) && matches(filter, memory)
    }
  }

  /** Σ idf·weight by slot, and how many current rows hold each term. */
  #lexical(terms: Uint32Array): { readonly scores: Float64Array; readonly df: ReadonlyArray<number> } {
    const scores = new Float64Array(this.#count)
    const df = Array.from(terms, (term) => {
      let holders = 0
      this.#postings.forEach(term, (slot) => {
        if (this.#isCurrent(slot)) holders++
      })
      const factor = idf(this.#current, holders)
      this.#postings.forEach(term, (slot, weight) => {
        scores[slot] = (scores[slot] ?? 0) + factor * weight
      })
      return holders
    })
    return { scores, df }
  }

  search(request: SearchRequest): SearchResult {
    const { exact, limit, terms, vector } = request
    const passes = this.#passing(request)
    const { df, scores } = this.#lexical(terms ?? new Uint32Array())
    const room = Math.min(limit, this.#count)
    const byWords = terms === undefined ? [] : this.#topLexical(scores, room, passes)
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

  #topLexical(scores: Float64Array, limit: number, passes: (slot: number) => boolean): Uint32Array {
    const top = new TopK(limit)
    for (let slot = 0, bar = 0; slot < this.#count; slot++) {
      const score = scores[slot] ?? 0
      if (score > bar && passes(slot)) {
        top.push(score, slot)
        bar = Math.max(0, top.bar)
      }
    }
    return top.slots
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
    const slots: Array<number> = []
    for (const [session, turns] of near) {
      for (const slot of this.#conversations.get(session) ?? []) {
        if (turns.has(this.#turns[slot] ?? -1) && passes(slot)) slots.push(slot)
      }
    }
    const cosines = vector === undefined ? null : this.#vectors.cosines(vector, Uint32Array.from(slots))
    return slots.flatMap((slot, i) => {
      const memory = this.#memory(slot)
      if (memory === null) return []
      return [{ memory, cosine: cosines === null || !this.#vectors.has(slot) ? null : (cosines[i] ?? 0) }]
    })
  }

  /** Names of those who spoke in live rows. */
  speakers(now: number): ReadonlyArray<string> {
    const passes = this.#passing({ now, filter: {} })
    const names = this.#speakerNames.all
    const found = new Uint8Array(names.length)
    for (let slot = 0, missing = names.length; slot < this.#count && missing > 0; slot++) {
      const speaker = this.#speakers[slot] ?? -1
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
