import type { Graph } from "../graph/Graph.ts"
import type { TopK } from "./arrays/TopK.ts"
import type { RowColumns } from "./rows/RowColumns.ts"
import type { VectorStorage } from "./vectors/VectorStorage.ts"

/** Neighbours asked of the graph per row wanted, since some do not pass. */
const OVERSAMPLING = 1.25
const OVERSAMPLING_ROWS = 8

/** A scope's graph, which may be absent, and the exact scan of the rows that it lacks. */
export class ScopeGraph {
  readonly #rows: RowColumns
  readonly #vectors: VectorStorage
  #graph: Graph | null = null
  #freed = false
  /** `idle`: one may be requested; `pending`: one is being built or loaded; `failed`: there can be none. */
  state: "idle" | "pending" | "failed" = "idle"
  /** Bytes reserved for a pending graph. */
  reservedBytes = 0

  constructor(rows: RowColumns, vectors: VectorStorage) {
    this.#rows = rows
    this.#vectors = vectors
  }

  get bytes(): number {
    return Math.max(this.reservedBytes, this.#graph?.bytes ?? 0)
  }

  get loaded(): boolean {
    return this.#graph !== null
  }

  /** Rows in the loaded graph. */
  get count(): number {
    return this.#graph?.count ?? 0
  }

  /** Rows that came after the graph. */
  get missingRows(): number {
    return this.#rows.count - this.#rows.slotAfter(this.#graph?.through ?? -1)
  }

  /** Takes ownership of the graph's memory. */
  set(graph: Graph): void {
    this.#graph?.free()
    this.#graph = this.#freed ? null : graph
    if (this.#freed) graph.free()
  }

  /** The nearest rows by the graph and a scan of the missing rows; null if too few of the graph's answers pass. */
  findNearest(query: Float32Array, limit: number, passes: (slot: number) => boolean): TopK | null {
    const graph = this.#graph
    if (graph === null || limit === 0) return null
    const neighbours = graph.search(query, Math.ceil(limit * OVERSAMPLING) + OVERSAMPLING_ROWS)
    const firstMissing = this.#rows.slotAfter(graph.through)
    const top = this.#vectors.findNearest(query, limit, passes, false, firstMissing)
    let passed = 0
    neighbours.locals.forEach((local, i) => {
      const slot = this.#rows.findSlot(local)
      if (slot < 0 || !passes(slot)) return
      passed++
      const cosine = neighbours.cosines[i] ?? 0
      if (cosine > top.bar) top.push(cosine, slot)
    })
    return passed >= limit ? top : null
  }

  /** A graph that arrives later is freed at once. */
  free(): void {
    this.#graph?.free()
    this.#graph = null
    this.#freed = true
  }
}
