import { idf, type PartEvidence, type QueryPart, type WeighedPart } from "@keepsake/core/driver"
import type { Scan } from "../connection/Scan.ts"
import { selectGrouped } from "./arrays/grouped.ts"
import type { ScratchArrays } from "./arrays/ScratchArrays.ts"
import { selectTop } from "./arrays/TopK.ts"
import { type EvidenceSources, readEvidence } from "./evidence.ts"
import type { RowColumns } from "./rows/RowColumns.ts"
import type { ScopeGraph } from "./ScopeGraph.ts"

/** What a search ranks. */
export interface Ranked extends EvidenceSources {
  readonly rows: RowColumns
  readonly graph: ScopeGraph
  readonly scratch: ScratchArrays
}

/** Which rows a search may return, and how many by each channel. */
export interface RankingRequest {
  readonly limit: number
  /** By slot. */
  readonly passes: (slot: number) => boolean
  readonly exact: boolean
}

const NO_TERMS = new Uint32Array()

/** The best rows of a scope by one part of a question, in both channels. */
export class PartRanking {
  readonly #sources: Ranked
  readonly #request: RankingRequest
  readonly #part: WeighedPart
  readonly #sums: Float64Array
  readonly #cosines = new Map<number, number>()
  readonly #slots: Array<number> = []
  #usedGraph = false
  /** Passages of current rows that hold each term. */
  readonly df: ReadonlyArray<number>

  /** Ranks by words. @param which of the search's parts: their scratch arrays differ */
  constructor(sources: Ranked, part: QueryPart, request: RankingRequest, which: number) {
    const { points, postings, rows, scratch } = sources
    const { limit, passes } = request
    const { terms = NO_TERMS } = part
    const isCurrent =
      rows.currentPassages === points.count
        ? null
        : points.isGrouped
          ? (point: number) => rows.isCurrent(points.slot(point))
          : (point: number) => rows.isCurrent(point)
    const room = Math.min(limit, rows.count)
    const sums = scratch.sums(terms.length === 0 ? 0 : points.count, which)
    this.#sources = sources
    this.#request = request
    this.#sums = sums
    this.df = postings.score(terms, rows.currentPassages, isCurrent, sums)
    this.#part = { ...part, idfs: Float64Array.from(this.df, (count) => idf(rows.currentPassages, count)) }
    const worded = points.isGrouped
      ? selectGrouped(sums, room, (point) => (sums[point] ?? 0) > 0, this.#passesPoint, points)
      : selectTop(sums, room, passes, 0)
    for (const point of worded.slots) this.#slots.push(points.slot(point))
  }

  /** The best rows of the channels that were ranked. */
  get slots(): ReadonlyArray<number> {
    return this.#slots
  }

  get usedGraph(): boolean {
    return this.#usedGraph
  }

  get #passesPoint(): (point: number) => boolean {
    const { passes } = this.#request
    const { points } = this.#sources
    return points.isGrouped ? (point) => passes(points.slot(point)) : passes
  }

  /** Ranks by meaning. */
  *findNearest(): Scan<void> {
    const { graph, points, rows, vectors } = this.#sources
    const { exact, limit } = this.#request
    const { vector } = this.#part
    if (vector === undefined) return
    yield
    const isFound = new Set(this.#slots)
    const nearest = { query: vector, limit: Math.min(limit, rows.count), passes: this.#passesPoint }
    const byGraph = exact ? null : yield* graph.findNearest(nearest)
    const groups = points.isGrouped ? points : null
    const found = byGraph ?? (yield* vectors.findNearest({ ...nearest, exact, groups }))
    // In one order, whether floats or codes were scanned; a row has one of its points here.
    for (const point of found.slots.toSorted()) {
      const slot = points.slot(point)
      if (!isFound.has(slot)) this.#slots.push(slot)
    }
    const { scores, slots: nearestPoints } = found
    for (let i = 0; i < nearestPoints.length; i++) this.#cosines.set(nearestPoints[i] ?? 0, scores[i] ?? 0)
    this.#usedGraph = byGraph !== null
  }

  /** What rows hold of the part, whether it found them or another did. */
  readEvidence(slots: ReadonlyArray<number>): Scan<ReadonlyArray<PartEvidence>> {
    return readEvidence(this.#part, slots, this.#sources, { cosines: this.#cosines, sums: this.#sums })
  }
}
