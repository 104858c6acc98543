import {
  type Anchor,
  ANY,
  type AroundRequest,
  type AroundRow,
  type Condition,
  type Cursor,
  type Excerpt,
  type ExcerptsRequest,
  isAny,
  isExpired,
  type LatestRequest,
  type ListRequest,
  matches,
  type Memory,
  pageSummaries,
  type PartEvidence,
  type RowFacts,
  type Scope,
  type SearchHit,
  type SearchRequest,
  type SearchResult,
  type SessionPage,
  type SessionsRequest,
  type TermSettings,
  toBytes,
  toExcerpt
} from "@keepsake/core/driver"
import { makeRowFilter, memoryFilter, type RowFilterRequest } from "../codec/rowFilter.ts"
import { type IndexedRow, localFromRid, makeRid } from "../codec/memoryRow.ts"
import type { Scan } from "../connection/Scan.ts"
import type { ScratchArrays } from "./arrays/ScratchArrays.ts"
import { Unblocked } from "./blocks/Unblocked.ts"
import { readEvidence } from "./evidence.ts"
import { type Decoded, DecodedMemories, DecodedMemory, PackedMemory } from "./memories/DecodedMemories.ts"
import { NearRow } from "./memories/NearRow.ts"
import { PackedMemories } from "./memories/PackedMemories.ts"
import { PackedRecords } from "./memories/PackedRecords.ts"
import { PartRanking, type Ranked } from "./PartRanking.ts"
import { Postings } from "./postings/Postings.ts"
import type { SpareBuffer } from "./postings/PostingsBuffer.ts"
import { FoundRows, IndexedFacts } from "./rows/FoundRows.ts"
import { findLatestSlots, lastSaidFirst } from "./rows/latestRows.ts"
import type { OpenVerdicts } from "./rows/OpenVerdicts.ts"
import { Points } from "./rows/Points.ts"
import { RowColumns } from "./rows/RowColumns.ts"
import { RowNames } from "./rows/RowNames.ts"
import { pageBySaid } from "./rows/saidPage.ts"
import { SessionChains } from "./rows/SessionChains.ts"
import { summariseSessions } from "./rows/sessionSummaries.ts"
import { RestFiller } from "./RestFiller.ts"
import type { RowReader } from "./RowReader.ts"
import { ScopeFiller } from "./ScopeFiller.ts"
import { ScopeGraph } from "./ScopeGraph.ts"
import { VectorStorage } from "./vectors/VectorStorage.ts"
import type { WasmArena } from "./vectors/WasmArena.ts"

/** A page of row numbers, each with its place in the order. */
export interface SaidPage {
  readonly rows: ReadonlyArray<{ readonly rid: number; readonly place: Cursor }>
  readonly next: Cursor | null
}

/** Searches from which a scope of up to so many passages is read as a whole: that takes some ten milliseconds. */
const REST_FROM_SEARCHES = 2
const REST_MAX = 2_048
/** Rows that are read before the event loop may run: with one statement, or one by one. */
const READ_OF_PART = 64
const FOUND_OF_PART = 16
/** Of a row's text in memory, with its numbers. */
const TEXT_BYTES = 300

/** In the place of the length of a content that is not decoded. */
const WHOLE_CONTENT = Number.POSITIVE_INFINITY
const NO_BYTES = new Uint8Array()
/** Of a part without evidence of a row; each part has some of every row. */
const NOTHING: PartEvidence = {
  cosine: null,
  nearest: 0,
  worded: 0,
  weights: new Float32Array(),
  length: 0,
  norm: 1
}

/** What the row at a place holds of each part. */
const toParts = (
  evidence: ReadonlyArray<ReadonlyArray<PartEvidence>>,
  at: number
): ReadonlyArray<PartEvidence> => {
  const [only] = evidence
  // Most messages have one part. No literal, as `IndexedFacts` is none; `Array.of` takes eight times as long.
  return evidence.length === 1 && only !== undefined
    ? only.slice(at, at + 1)
    : evidence.map((ofPart) => ofPart[at] ?? NOTHING)
}

/** A class, as `IndexedFacts` is. */
class FoundHit implements SearchHit {
  readonly facts: RowFacts
  readonly parts: ReadonlyArray<PartEvidence>

  constructor(facts: RowFacts, parts: ReadonlyArray<PartEvidence>) {
    this.facts = facts
    this.parts = parts
  }
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
  readonly unblocked = new Unblocked()
  /** Takes rows and blocks as they are read. */
  readonly filler: ScopeFiller
  readonly #rest: RestFiller
  #isRestTaken = false
  readonly #reader: RowReader
  readonly #hasVectors: boolean
  readonly #scratch: ScratchArrays
  readonly #vectors: VectorStorage
  readonly #postings: Postings
  readonly #rows: RowColumns
  readonly #points: Points
  readonly #sessions = new SessionChains()
  readonly #names = new RowNames()
  readonly #memories = new DecodedMemories()
  readonly #packed: PackedMemories
  readonly #found = new FoundRows()
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
      readonly expectedPassages: number
      readonly onDisk: boolean
      readonly reader: RowReader
      /** Of the weights. */
      readonly settings: TermSettings
    }
  ) {
    const { arena, expectedPassages, expectedRows, onDisk, reader, settings, spareBuffer } = options
    this.scope = scope
    this.sid = sid
    this.onDisk = onDisk
    this.#reader = reader
    this.#hasVectors = arena.dimensions > 0
    this.#scratch = arena.scratch
    this.#postings = new Postings(arena.scratch, spareBuffer)
    this.#rows = new RowColumns(expectedRows)
    this.#packed = new PackedMemories(expectedRows)
    this.#points = new Points(this.#rows, expectedPassages)
    this.#vectors = new VectorStorage(arena, onDisk, (points, take) =>
      reader.vectors(
        Array.from(points, (point) => this.#passageRid(point)),
        take
      )
    )
    this.graph = new ScopeGraph(this.#points, this.#vectors)
    const parts = {
      rows: this.#rows,
      points: this.#points,
      postings: this.#postings,
      vectors: this.#vectors,
      names: this.#names,
      sessions: this.#sessions,
      packed: this.#packed
    }
    this.filler = new ScopeFiller(parts, settings)
    this.#rest = new RestFiller(parts)
  }

  /** Without the graph. */
  get bytes(): number {
    return (
      2_000 +
      this.#vectors.bytes +
      this.#postings.bytes +
      this.#rows.bytes +
      this.#points.bytes +
      this.#found.bytes +
      this.#sessions.bytes +
      this.#names.bytes +
      this.#packed.bytes +
      this.#memories.bytes
    )
  }

  /**
   * What takes the floats and texts that searches have not read yet, once; null where that is not worth it: who is asked
   * once reads the few that a question needs.
   */
  takeRest(): RestFiller | null {
    if (this.#isRestTaken || this.#searches < REST_FROM_SEARCHES || this.passages > REST_MAX) return null
    this.#isRestTaken = true
    return this.#vectors.unread === 0 ? null : this.#rest
  }

  /** About how many bytes they take. */
  get restBytes(): number {
    return this.#vectors.unread * this.#vectors.floatBytes + this.rows * TEXT_BYTES
  }

  /** Of `bytes`, those in JavaScript's heap that `dropDecoded` frees. */
  get decodedBytes(): number {
    return this.#memories.bytes + this.#found.bytes
  }

  /** Drops what is made again of other bytes of the index. */
  dropDecoded(): void {
    this.#memories.clear()
    this.#found.clear()
  }

  /** Rows that are not removed. */
  get rows(): number {
    return this.#rows.count - this.#rows.removed
  }

  /** Passages of rows that are not removed. */
  get passages(): number {
    return this.#points.count - this.#rows.removedPassages
  }

  /** Removed rows waste so much space that a new index is better. */
  get needsRebuild(): boolean {
    const { removedPassages } = this.#rows
    return removedPassages > 64 && removedPassages * 4 > this.#points.count
  }

  /** Updates what may change of a row: its lifetime, and vectors that came late. */
  change(row: Omit<IndexedRow, "id" | "turn" | "said_at">): void {
    const slot = this.#rows.findSlot(localFromRid(row.rid))
    if (slot < 0 || this.#rows.isRemoved(slot)) return
    const { bytes, flags, importance } = row
    const expiresAt = row.expires_at ?? Number.POSITIVE_INFINITY
    this.#rows.setLifetime(slot, { flags, expiresAt, importance, bytes })
    this.#forget(slot)
    if (this.#hasVectors && this.#rows.lacksVector(slot)) this.#readLateVectors(slot)
  }

  #readLateVectors(slot: number): void {
    const points = this.#points.all(slot)
    for (const point of points.filter((late) => !this.#vectors.has(late))) {
      this.#vectors.fill(point, this.#reader.body(this.#passageRid(point))?.vectorBytes ?? NO_BYTES)
      if (this.#vectors.has(point)) this.graph.addLate(point)
    }
    this.#rows.setHasVectors(
      slot,
      points.every((point) => this.#vectors.has(point))
    )
  }

  /** Drops what is cached of a row. */
  #forget(slot: number): void {
    this.#memories.delete(slot)
    this.#packed.delete(slot)
    this.#found.delete(slot)
  }

  /** Takes a row out that was removed, or is damaged. */
  remove(rid: number): void {
    const slot = this.#rows.findSlot(localFromRid(rid))
    if (slot < 0 || this.#rows.isRemoved(slot)) return
    this.#rows.remove(slot)
    this.#forget(slot)
  }

  /** Removes the rows that are not in `locals` (ascending). */
  retain(locals: Uint32Array): void {
    let i = 0
    for (let slot = 0; slot < this.#rows.count; slot++) {
      const local = this.#rows.local(slot)
      while (i < locals.length && (locals[i] ?? 0) < local) i++
      if (locals[i] === local || this.#rows.isRemoved(slot)) continue
      this.#rows.remove(slot)
      this.#forget(slot)
    }
  }

  /** Null if another process has just removed the row. */
  #memory(slot: number): Memory | null {
    return this.#decode(slot)?.memory ?? null
  }

  #decode(slot: number): Decoded | null {
    const cached = this.#memories.get(slot)
    if (cached !== undefined) return cached
    const memory = this.#packed.has(slot)
      ? this.#packed.get(this.scope, slot, this.#facts(slot))
      : this.#reader.memory(this.scope, this.#rid(slot))
    return memory === null ? null : this.#keep(slot, new DecodedMemory(memory))
  }

  #keep(slot: number, decoded: Decoded): Decoded {
    if (this.#searches > 1) this.#memories.set(slot, decoded)
    return decoded
  }

  /**
   * Reads rows, many with one statement, in the order of their slots, and takes the vectors that come with them: who
   * reads a text compares the vector too. What is packed is decoded when it is asked for.
   */
  *#readMemories(slots: ReadonlyArray<number>): Scan<ReadonlyArray<Decoded | null>> {
    const all = this.#findKept(slots)
    const unread = all.flatMap((decoded, at) => (decoded === null ? [at] : []))
    for (let from = 0; from < unread.length; from += READ_OF_PART) {
      if (from > 0) yield
      const part = unread.slice(from, from + READ_OF_PART)
      const rids = part.map((at) => this.#rid(slots[at] ?? -1))
      this.#reader.memories(this.scope, rids, (i, memory, row, body) => {
        const at = part[i] ?? -1
        const slot = slots[at] ?? -1
        all[at] = this.#keep(slot, new DecodedMemory(memory))
        if (this.#searches > 1) this.#packed.set(slot, row, body.textBytes)
        this.#vectors.keepFloats(this.#points.find(slot, 0), body)
      })
    }
    return all
  }

  /** Null for a row that is in the file alone. A loop of its own: those of a generator are seldom compiled. */
  #findKept(slots: ReadonlyArray<number>): Array<Decoded | null> {
    const all: Array<Decoded | null> = []
    let copies: PackedRecords | null = null
    for (const slot of slots) {
      const known = this.#memories.get(slot) ?? null
      if (known !== null || !this.#packed.has(slot)) {
        all.push(known)
        continue
      }
      copies ??= new PackedRecords(slots.length)
      const record = this.#packed.copyTo(copies, slot)
      all.push(this.#keep(slot, new PackedMemory(this.scope, this.#facts(slot), copies, record)))
    }
    return all
  }

  #rid(slot: number): number {
    return makeRid(this.sid, this.#rows.local(slot))
  }

  #passageRid(point: number): number {
    return makeRid(this.sid, this.#points.local(point))
  }

  /** After accesses that this process did not count. */
  forgetMemories(): void {
    this.#memories.clear()
    this.#packed.clear()
  }

  /** Counts one access of each row. */
  touch(rids: ReadonlyArray<number>, now: number): void {
    for (const rid of rids) {
      const slot = this.#rows.findSlot(localFromRid(rid))
      this.#memories.delete(slot)
      this.#packed.touch(slot, now)
    }
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

  /** A slot that passed, unless it was removed or, while the call waited for a slice, changed. */
  #passing(slot: number, request: RowFilterRequest, opened: OpenVerdicts): Decoded | null {
    const decoded = this.#decode(slot)
    return decoded === null || (opened.used && !memoryFilter(request)(decoded.memory)) ? null : decoded
  }

  get #ranked(): Ranked {
    return {
      rows: this.#rows,
      points: this.#points,
      postings: this.#postings,
      vectors: this.#vectors,
      graph: this.graph,
      scratch: this.#scratch
    }
  }

  *search(request: SearchRequest, opened: OpenVerdicts): Scan<SearchResult> {
    const { exact = false, limit, parts } = request
    this.#searches++
    const passes = this.#rowFilter(request, opened)
    const rankings: Array<PartRanking> = []
    for (const part of parts) {
      if (rankings.length > 0) yield
      const ranking = new PartRanking(this.#ranked, part, { limit, passes, exact }, rankings.length)
      rankings.push(ranking)
      yield* ranking.findNearest()
    }
    const [first, ...others] = rankings
    const found =
      first !== undefined && others.length === 0
        ? first.slots
        : Array.from(new Set(rankings.flatMap(({ slots }) => slots)))
    // While the call waited for a slice, rows that were read in order to decide may have changed.
    const slots = opened.used ? found.filter((slot) => this.#passing(slot, request, opened) !== null) : found
    const evidence: Array<ReadonlyArray<PartEvidence>> = []
    for (const ranking of rankings) {
      yield
      evidence.push(yield* ranking.readEvidence(slots))
    }
    return {
      hits: slots.map((slot, i) => new FoundHit(this.#facts(slot), toParts(evidence, i))),
      n: this.#rows.currentPassages,
      df: rankings.map(({ df }) => df),
      plan: {
        way: rankings.some(({ usedGraph }) => usedGraph) ? "graph" : "exact",
        byWordsAlone: this.#hasVectors ? this.#rows.currentWithoutVector : 0
      }
    }
  }

  /** Before a call that is under way goes on in a later slice. */
  leave(): void {
    this.#scratch.leave()
  }

  #facts(slot: number): RowFacts {
    const known = this.#found.get(slot)
    if (known !== undefined) return known
    const facts = new IndexedFacts(this.#rows, this.#names, slot)
    this.#found.set(slot, facts)
    return facts
  }

  /** Visible rows within `radius` turns of an anchor, in its session, each once. */
  *around(request: AroundRequest, opened: OpenVerdicts): Scan<ReadonlyArray<AroundRow>> {
    const { anchors, asOf, filter, now, parts, radius } = request
    const passes = this.#rowFilter({ now, asOf, filter: ANY }, opened)
    const near = this.#findNear(anchors, radius).filter(passes)
    const decoded = yield* this.#readMemories(near)
    const evidence: Array<ReadonlyArray<PartEvidence>> = []
    for (const part of parts) {
      yield
      evidence.push(yield* readEvidence(part, near, this.#ranked))
    }
    return this.#toNearRows(near, decoded, evidence, filter)
  }

  #toNearRows(
    near: ReadonlyArray<number>,
    decoded: ReadonlyArray<Decoded | null>,
    evidence: ReadonlyArray<ReadonlyArray<PartEvidence>>,
    filter: Condition
  ): ReadonlyArray<AroundRow> {
    const passesAll = isAny(filter)
    const found: Array<AroundRow> = []
    for (let i = 0; i < near.length; i++) {
      const row = decoded[i] ?? null
      if (row === null) continue
      const slot = near[i] ?? -1
      const ofParts = toParts(evidence, i)
      const cut = this.#cutter(slot, row, ofParts[0]?.worded ?? 0)
      if (cut === null) continue
      const rowPasses = passesAll || matches(filter, row.memory)
      found.push(new NearRow({ facts: this.#facts(slot), parts: ofParts, passes: rowPasses }, cut))
    }
    return found
  }

  /** Slots within `radius` turns of an anchor, each once. */
  #findNear(anchors: ReadonlyArray<Anchor>, radius: number): ReadonlyArray<number> {
    const turnsBySession = new Map<number, Array<number>>()
    for (const { sessionId, turn } of anchors) {
      const session = this.#names.sessions.find(sessionId)
      const turns = turnsBySession.get(session)
      if (turns === undefined) turnsBySession.set(session, [turn])
      else turns.push(turn)
    }
    const slots: Array<number> = []
    for (const [session, turns] of turnsBySession)
      this.#sessions.addSlots(session, turns, radius, this.#rows, slots)
    return slots
  }

  /** Cuts a passage when it is asked for; null if there is no such passage. */
  #cutter(slot: number, decoded: Decoded, passage: number): (() => Excerpt) | null {
    const point = this.#points.find(slot, passage)
    if (point < 0) return null
    const passages = this.#points.passages(slot)
    // What it needs of the index: that may be freed by then.
    const { end, start } = this.#points.place(point, WHOLE_CONTENT)
    return () => {
      if (passage === 0 && decoded.excerpt !== null) return decoded.excerpt
      const { memory } = decoded
      const place = { passage, passages, start, end: Math.min(end, memory.content.length) }
      const excerpt = toExcerpt(memory, place, null)
      if (excerpt.isWhole) decoded.excerpt = excerpt
      return excerpt
    }
  }

  /** Null if there is no such passage. */
  #cut(slot: number, decoded: Decoded, passage: number): Excerpt | null {
    return this.#cutter(slot, decoded, passage)?.() ?? null
  }

  /** Rows by id and passage: closed ones too, expired ones not. */
  *excerpts({ now, part = {}, rows, vectors = false }: ExcerptsRequest): Scan<ReadonlyArray<Excerpt>> {
    const found = rows
      .map(({ id, passage }) => ({ slot: this.#findSlot(id), passage }))
      .filter(({ slot }) => slot !== -1)
    const decoded = yield* this.#readMemories(found.map(({ slot }) => slot))
    const excerpts: Array<Excerpt> = []
    for (const [i, { passage, slot }] of found.entries()) {
      const row = decoded[i] ?? null
      if (row === null || isExpired(row.memory, now)) continue
      const wanted = passage ?? (yield* readEvidence(part, [slot], this.#ranked))[0]?.worded ?? 0
      const excerpt = this.#cut(slot, row, wanted)
      if (excerpt === null) continue
      excerpts.push(
        vectors ? { ...excerpt, vector: this.#vectors.vector(this.#points.find(slot, wanted)) } : excerpt
      )
    }
    return excerpts
  }

  /** -1 if there is no such row. */
  #findSlot(id: string): number {
    const known = this.#found.slot(id)
    if (known !== undefined) return known
    const rid = this.#reader.rid(this.sid, id)
    return rid === null ? -1 : this.#rows.findSlot(localFromRid(rid))
  }

  /** Live rows that match, newest first, by their first passages. */
  *latest(request: LatestRequest, opened: OpenVerdicts): Scan<ReadonlyArray<Excerpt>> {
    const passes = this.#rowFilter(request, opened)
    const slots = yield* findLatestSlots(this.#rows, this.#rows.count, request.limit, passes)
    const found: Array<{ readonly slot: number; readonly decoded: Decoded }> = []
    for (const [i, slot] of slots.entries()) {
      if (i % FOUND_OF_PART === 0) yield
      const decoded = this.#passing(slot, request, opened)
      if (decoded !== null) found.push({ slot, decoded })
    }
    return found
      .sort((a, b) => lastSaidFirst(a.decoded.memory, b.decoded.memory))
      .slice(0, request.limit)
      .flatMap(({ decoded, slot }) => this.#cut(slot, decoded, 0) ?? [])
  }

  /** A page of row numbers by `(saidAt, id)`: no index of the file has that order. */
  *listBySaid(request: ListRequest, opened: OpenVerdicts): Scan<SaidPage> {
    const { next, slots } = yield* pageBySaid(this.#rows, request, this.#rowFilter(request, opened))
    return { rows: slots.map(({ place, slot }) => ({ rid: this.#rid(slot), place })), next }
  }

  sessions(request: SessionsRequest, opened: OpenVerdicts): SessionPage {
    const passes = this.#rowFilter({ now: request.now, filter: ANY }, opened)
    const bytes = (slot: number): number => this.#rows.bytesOf(slot) ?? this.#countBytes(slot, opened)
    return pageSummaries(summariseSessions(this.#rows, this.#names.sessions.all, passes, bytes), request)
  }

  /** What a row of the first version counts for. */
  #countBytes(slot: number, opened: OpenVerdicts): number {
    opened.verdict(slot, () => {
      const memory = this.#memory(slot)
      if (memory !== null) this.#rows.setBytes(slot, toBytes(memory))
      return true
    })
    return this.#rows.bytesOf(slot) ?? 0
  }

  /** Distinct speakers of live rows, in the order of their first ones. */
  speakers(now: number, opened: OpenVerdicts): ReadonlyArray<string> {
    const passes = this.#rowFilter({ now, filter: ANY }, opened)
    const names = this.#names.speakers.all
    const seen = new Uint8Array(names.length)
    const found: Array<string> = []
    for (let slot = 0; slot < this.#rows.count && found.length < names.length; slot++) {
      const speaker = this.#rows.speaker(slot)
      if (speaker < 0 || seen[speaker] === 1 || !passes(slot)) continue
      seen[speaker] = 1
      found.push(names[speaker] ?? "")
    }
    return found
  }

  /** The index must not be used afterwards. */
  free(): void {
    this.#vectors.free()
    this.#postings.free()
    this.#points.free()
    this.#rows.free()
    this.graph.free()
    this.forgetMemories()
  }
}
