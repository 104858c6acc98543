import { passes, requireIndexes, type StoredPoint, valuesAt } from "./filters.ts"
import { badRequest, notFound, wrongInput } from "./problems.ts"
import type {
  CreateCollection,
  Filter,
  IndexParams,
  Operation,
  PointStruct,
  Scroll,
  SparseVector
} from "./requests.ts"

const isSparse = (vector: ReadonlyArray<number> | SparseVector): vector is SparseVector => "indices" in vector

/** As Qdrant keeps cosine vectors: scaled to unit length, 32 bits. */
const normalised = (vector: ReadonlyArray<number>): Float32Array => {
  const length = Math.hypot(...vector)
  return Float32Array.from(vector, (part) => (length === 0 ? part : part / length))
}

/** An order of a tie that is nobody's idea of one: an answer must not depend on it. */
const scramble = (id: string): string => Array.from(id.replaceAll("-", "")).reverse().join("")

type Shown = Readonly<{
  with_payload?: boolean | ReadonlyArray<string>
  with_vector?: boolean | ReadonlyArray<string>
}>

/** One collection in memory. */
export class Collection {
  readonly config: CreateCollection
  readonly indexes = new Map<string, IndexParams>()
  readonly points = new Map<string, StoredPoint>()
  metadata: Record<string, unknown>

  constructor(config: CreateCollection) {
    this.config = config
    this.metadata = { ...config.metadata }
  }

  private strict(filter: Filter | undefined, update: boolean): void {
    const { strict_mode_config: strict } = this.config
    const allowed = update ? strict?.unindexed_filtering_update : strict?.unindexed_filtering_retrieve
    if (strict?.enabled === true && allowed === false) requireIndexes(filter, this.indexes)
  }

  /** Points that a filter lets through, for reading. */
  select(filter: Filter | undefined): Array<StoredPoint> {
    this.strict(filter, false)
    return Array.from(this.points.values()).filter((point) => passes(filter, point))
  }

  show(point: StoredPoint, { with_payload = false, with_vector = false }: Shown): Record<string, unknown> {
    const { dense, id, payload, sparse } = point
    const named = (name: string) =>
      with_vector === true || (Array.isArray(with_vector) && with_vector.includes(name))
    const vectors = [
      ...Array.from(dense, ([name, vector]) => [name, Array.from(vector)] as const),
      ...Array.from(
        sparse,
        ([name, terms]) =>
          [name, { indices: Array.from(terms.keys()), values: Array.from(terms.values()) }] as const
      )
    ].filter(([name]) => named(name))
    const kept = Array.isArray(with_payload)
      ? Object.fromEntries(Object.entries(payload).filter(([key]) => with_payload.includes(key)))
      : payload
    return {
      id,
      ...(with_payload === false ? {} : { payload: kept }),
      ...(with_vector === false ? {} : { vector: Object.fromEntries(vectors) })
    }
  }

  scroll(request: Scroll): { points: Array<unknown>; next_page_offset: string | null } {
    const { filter, limit = 10, offset, order_by, with_payload = true, with_vector = false } = request
    const found = this.select(filter)
    const shown = { with_payload, with_vector }
    if (order_by === undefined) {
      found.sort((a, b) => (a.id < b.id ? -1 : 1))
      const from = offset === undefined ? found : found.filter(({ id }) => id >= String(offset))
      const page = from.slice(0, limit)
      return { points: page.map((p) => this.show(p, shown)), next_page_offset: from[limit]?.id ?? null }
    }
    if (offset !== undefined) {
      throw badRequest(
        "Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value"
      )
    }
    const { direction = "asc", key, start_from } = order_by
    const index = this.indexes.get(key)
    if (index?.type !== "integer" || index.range === false) {
      throw badRequest(
        `No range index for \`order_by\` key: \`${key}\`. Please create one to use \`order_by\`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions`
      )
    }
    const sign = direction === "asc" ? 1 : -1
    const valued = found
      .flatMap((point) => valuesAt(point.payload, key).map((value) => [Number(value), point] as const))
      .filter(([value]) => start_from === undefined || sign * (value - start_from) >= 0)
      .sort(([a, x], [b, y]) => sign * (a - b) || (scramble(x.id) < scramble(y.id) ? -1 : 1))
    const points = valued
      .slice(0, limit)
      .map(([order_value, point]) => ({ ...this.show(point, shown), order_value }))
    return { points, next_page_offset: null }
  }

  facet(key: string, filter: Filter | undefined, limit: number): Array<{ value: string; count: number }> {
    const index = this.indexes.get(key)
    if (index?.type !== "keyword")
      throw badRequest(
        `Index required but not found for "${key}" of one of the following types: [keyword, integer, uuid, bool]. Help: Create an index for this key or use a different filter.`
      )
    const counts = new Map<string, number>()
    for (const { payload } of this.select(filter)) {
      for (const value of new Set(valuesAt(payload, key).map(String))) {
        counts.set(value, (counts.get(value) ?? 0) + 1)
      }
    }
    return Array.from(counts, ([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, limit)
  }

  private stored({ id, payload, vector }: PointStruct): StoredPoint {
    const dense = new Map<string, Float32Array>()
    const sparse = new Map<string, ReadonlyMap<number, number>>()
    for (const [name, value] of Object.entries(vector)) {
      if (isSparse(value)) {
        if (this.config.sparse_vectors?.[name] === undefined) throw this.noVector(name)
        const order = value.indices.map((index, i) => [index, Math.fround(value.values[i] ?? 0)] as const)
        sparse.set(name, new Map(order.sort(([a], [b]) => a - b)))
      } else {
        this.checkSize(name, value.length)
        dense.set(name, normalised(value))
      }
    }
    const kept = Object.entries(payload ?? {})
    return { id: String(id).toLowerCase(), payload: structuredClone(Object.fromEntries(kept)), dense, sparse }
  }

  noVector(name: string): Error {
    return wrongInput(`Not existing vector name error: ${name}`)
  }

  checkSize(name: string, length: number): void {
    const size = this.config.vectors?.[name]?.size
    if (size === undefined) throw this.noVector(name)
    if (size !== length) throw wrongInput(`Vector dimension error: expected dim: ${size}, got ${length}`)
  }

  private chosen(
    selector: { readonly points: ReadonlyArray<string | number> } | { readonly filter: Filter }
  ) {
    if ("filter" in selector) {
      this.strict(selector.filter, true)
      return Array.from(this.points.values()).filter((point) => passes(selector.filter, point))
    }
    return selector.points.map((id) => {
      const point = this.points.get(String(id).toLowerCase())
      if (point === undefined) throw notFound(`No point with id ${id} found`)
      return point
    })
  }

  apply(operation: Operation): void {
    if ("upsert" in operation) {
      const { points, update_filter, update_mode = "upsert" } = operation.upsert
      this.strict(update_filter, true)
      for (const point of points.map((given) => this.stored(given))) {
        const known = this.points.get(point.id)
        if (known === undefined ? update_mode === "update_only" : update_mode === "insert_only") continue
        if (known !== undefined && !passes(update_filter, known)) continue
        this.points.set(point.id, point)
      }
    } else if ("delete" in operation) {
      const doomed =
        "points" in operation.delete
          ? operation.delete.points.map((id) => String(id).toLowerCase())
          : this.chosen(operation.delete).map(({ id }) => id)
      for (const id of doomed) this.points.delete(id)
    } else {
      const [change, whole] =
        "set_payload" in operation ? [operation.set_payload, false] : [operation.overwrite_payload, true]
      for (const point of this.chosen(change)) {
        const payload = structuredClone({ ...(whole ? {} : point.payload), ...change.payload })
        const kept = Object.entries(payload).filter(
          ([key, value]) => value !== null || !(key in change.payload)
        )
        this.points.set(point.id, {
          ...point,
          payload: Object.fromEntries(whole ? Object.entries(payload) : kept)
        })
      }
    }
  }
}
