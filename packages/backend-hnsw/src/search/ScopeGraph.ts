import type { Scan } from "../connection/Scan.ts"
import type { Graph } from "../graph/Graph.ts"
import { bestOfRows } from "./arrays/grouped.ts"
import type { TopK } from "./arrays/TopK.ts"
import type { Points } from "./rows/Points.ts"
import type { NearestRequest, VectorStorage } from "./vectors/VectorStorage.ts"

/** Neighbours asked of the graph per row wanted, since some do not pass. */
const OVERSAMPLING = 1.25
const OVERSAMPLING_ROWS = 8

/** What a search through a graph asks for. */
type GraphRequest = Pick<NearestRequest, "query" | "limit" | "passes">

/** A scope's graph, which may be absent, and the exact scan of the passages that it lacks. */
export class ScopeGraph {
  readonly #points: Points
  readonly #vectors: VectorStorage
  #graph: Graph | null = null
  /** Points among those of the graph whose vectors came after it was built. */
  #late: Array<number> = []
  #freed = false
  /** `idle`: one may be requested; `pending`: one is being built or loaded; `failed`: there can be none. */
  state: "idle" | "pending" | "failed" = "idle"
  /** Bytes reserved for a pending graph. */
  reservedBytes = 0

  constructor(points: Points, vectors: VectorStorage) {
    this.#points = points
    this.#vectors = vectors
  }

  get bytes(): number {
    return Math.max(this.reservedBytes, this.#graph?.bytes ?? 0)
  }

  get loaded(): boolean {
    return this.#graph !== null
  }

  /** Passages in the loaded graph. */
  get count(): number {
    return this.#graph?.count ?? 0
  }

  /** Passages that came after the graph. */
  get missing(): number {
    return this.#late.length + this.#points.count - this.#points.pointAfter(this.#graph?.through ?? -1)
  }

  /** Takes ownership of the graph's memory. */
  set(graph: Graph): void {
    this.#graph?.free()
    this.#graph = this.#freed ? null : graph
    if (this.#freed) graph.free()
    else this.#late = this.#findLate(graph)
  }

  #findLate(graph: Graph): Array<number> {
    const known = new Uint8Array(this.#points.pointAfter(graph.through))
    for (const local of graph.locals) {
      const point = this.#points.findLocal(local)
      if (point >= 0) known[point] = 1
    }
    return Array.from(known.keys()).filter((point) => known[point] === 0 && this.#vectors.has(point))
  }

  /** A passage has got its vector. */
  addLate(point: number): void {
    if (this.#graph !== null && this.#points.local(point) <= this.#graph.through) this.#late.push(point)
  }

  /** The nearest rows by the graph and a scan of what it lacks; null if too few of the graph's answers pass. */
  *findNearest({ limit, passes, query }: GraphRequest): Scan<TopK | null> {
    const graph = this.#graph
    if (graph === null || limit === 0) return null
    const points = this.#points
    const neighbours = graph.search(query, Math.ceil(limit * OVERSAMPLING) + OVERSAMPLING_ROWS)
    const found = new Map<number, number>()
    neighbours.locals.forEach((local, i) => {
      const point = points.findLocal(local)
      if (point >= 0 && passes(point)) found.set(point, neighbours.cosines[i] ?? 0)
    })
    if (new Set(Array.from(found.keys(), (point) => points.slot(point))).size < limit) return null
    const from = points.pointAfter(graph.through)
    const groups = points.isGrouped ? points : null
    const later = yield* this.#vectors.findNearest({ query, limit, passes, exact: false, from, groups })
    later.slots.forEach((point, i) => found.set(point, later.scores[i] ?? 0))
    const late = Uint32Array.from(this.#late.filter(passes))
    const lateCosines = yield* this.#vectors.cosines(query, late)
    late.forEach((point, i) => found.set(point, lateCosines[i] ?? 0))
    return bestOfRows(Array.from(found.keys()), Array.from(found.values()), limit, points)
  }

  /** A graph that arrives later is freed at once. */
  free(): void {
    this.#graph?.free()
    this.#graph = null
    this.#freed = true
  }
}
