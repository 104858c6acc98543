import { GRAPH_LINKS, type HierarchicalNSW } from "./hnswlib.ts"

/**
 * Least `ef`, the candidates of a search. Recall@10 on 124,000 rows of nearly equal distances (synthetic vectors, worse
 * than any model's) is 96 % with 512 and 89 % with 256; with more, a scan is about as fast.
 */
const EF_MIN = 512

/** Estimated memory of a graph: vectors, links of the base layer and above, tables. */
export const graphBytes = (count: number, dimensions: number): number =>
  3_500_000 + count * (4 * dimensions + 4 * (2 * GRAPH_LINKS + 1) + 8 + 48)

/** A loaded graph. It is immutable: a search scans later passages and skips removed ones. */
export class Graph {
  readonly #index: HierarchicalNSW
  /** The graph has the passages up to this number, but for those whose vectors came late. */
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

  /** Numbers and cosines of the approximately nearest `limit` passages. */
  search(
    query: Float32Array,
    limit: number
  ): { readonly locals: ReadonlyArray<number>; readonly cosines: ReadonlyArray<number> } {
    const k = Math.min(limit, this.count)
    const ef = Math.max(EF_MIN, Math.ceil(k * 1.5))
    if (ef !== this.#ef) this.#index.setEf(ef)
    this.#ef = ef
    const { distances, neighbors } = this.#index.searchKnn(Array.from(query), k)
    return { locals: neighbors, cosines: distances.map((distance) => 1 - distance) }
  }

  /** Numbers of the passages that it has, in no order. */
  get locals(): ReadonlyArray<number> {
    return this.#index.getIdsList()
  }

  /** Frees the memory at once: the garbage collector does not know its size. */
  free(): void {
    this.#index.initIndex(1)
  }
}
