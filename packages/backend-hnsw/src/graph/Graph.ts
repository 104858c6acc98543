import { GRAPH_LINKS, type HierarchicalNSW } from "./hnswlib.ts"

/**
 * Candidates looked at in a search at least. Of the best ten in 124,000 rows whose distances hardly differ (made-up
 * vectors, worse than any model's) it finds 96 %, where 256 find 89; then a scan takes little longer.
 */
const EF_LEAST = 512

/** What a graph of so many vectors takes in memory: vectors, links of the base layer and above, tables. */
export const graphBytes = (count: number, dimensions: number): number =>
  3_500_000 + count * (4 * dimensions + 4 * (2 * GRAPH_LINKS + 1) + 8 + 48)

/** A loaded graph. It is never changed: rows that came later are scanned, rows that went are left out. */
export class Graph {
  readonly #index: HierarchicalNSW
  /** Rows up to this number are in it. */
  readonly through: number
  readonly count: number
  readonly bytes: number
  #ef = 0

  constructor(index: HierarchicalNSW, through: number, dimensions: number) {
    this.#index = index
    this.through = through
    this.count = index.getCurrentCount()
    this.bytes = graphBytes(this.count, dimensions)
  }

  /** Row numbers and cosines of about the nearest `limit`. */
  search(
    query: Float32Array,
    limit: number
  ): { readonly locals: ReadonlyArray<number>; readonly cosines: ReadonlyArray<number> } {
    const wanted = Math.min(limit, this.count)
    const ef = Math.max(EF_LEAST, Math.ceil(wanted * 1.5))
    if (ef !== this.#ef) this.#index.setEf(ef)
    this.#ef = ef
    const { distances, neighbors } = this.#index.searchKnn(Array.from(query), wanted)
    return { locals: neighbors, cosines: distances.map((distance) => 1 - distance) }
  }

  /** Gives its memory back at once; the garbage collector does not know how much it is. */
  free(): void {
    this.#index.initIndex(1)
  }
}
