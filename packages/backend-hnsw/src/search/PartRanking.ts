import { idf, type PartEvidence, type QueryPart, type WeighedPart } from "@keepsake/core/driver"
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
  readonly #part: WeighedPart
  readonly #sums: Float64Array
  readonly #cosines = new Map<number, number>()
  /** The best rows of both channels. */
  readonly slots: ReadonlyArray<number>
  /** Passages of current rows that hold each term. */
  readonly df: ReadonlyArray<number>
  readonly usedGraph: boolean

  /** @param which of the search's parts: their scratch arrays differ */
  constructor(sources: Ranked, part: QueryPart, request: RankingRequest, which: number) {
    const { graph, points, postings, rows, scratch, vectors } = sources
    const { limit, passes } = request
    const { terms = NO_TERMS, vector } = part
    const groups = points.isGrouped ? points : null
    const passesPoint = groups === null ? passes : (point: number) => passes(points.slot(point))
    const isCurrent =
      rows.currentPassages === points.count
        ? null
        : groups === null
          ? (point: number) => rows.isCurrent(point)
          : (point: number) => rows.isCurrent(points.slot(point))
    const room = Math.min(limit, rows.count)
    const sums = scratch.sums(terms.length === 0 ? 0 : points.count, which)
    this.#sources = sources
    this.#sums = sums
    this.df = postings.score(terms, rows.currentPassages, isCurrent, sums)
    this.#part = { ...part, idfs: Float64Array.from(this.df, (count) => idf(rows.currentPassages, count)) }
    const worded =
      groups === null
        ? selectTop(sums, room, passes, 0)
        : selectGrouped(sums, room, (point) => (sums[point] ?? 0) > 0, passesPoint, groups)
    const slots = new Array<number>()
    for (const point of worded.slots) slots.push(points.slot(point))
    this.slots = slots
    if (vector === undefined) {
      this.usedGraph = false
      return
    }
    const isFound = new Set(slots)
    const nearest = { query: vector, limit: room, passes: passesPoint }
    const byGraph = request.exact ? null : graph.findNearest(nearest)
    const found = byGraph ?? vectors.findNearest({ ...nearest, exact: request.exact, groups })
    // In one order, whether floats or codes were scanned; a row has one of its points here.
    for (const point of found.slots.toSorted()) {
      const slot = points.slot(point)
      if (!isFound.has(slot)) slots.push(slot)
    }
    const { scores, slots: nearestPoints } = found
    for (let i = 0; i < nearestPoints.length; i++) this.#cosines.set(nearestPoints[i] ?? 0, scores[i] ?? 0)
    this.usedGraph = byGraph !== null
  }

  /** What rows hold of the part, whether it found them or another did. */
  readEvidence(slots: ReadonlyArray<number>): ReadonlyArray<PartEvidence> {
    return readEvidence(this.#part, slots, this.#sources, { cosines: this.#cosines, sums: this.#sums })
  }
}
