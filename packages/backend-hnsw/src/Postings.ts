/** Which rows of a scope hold a term, and with what weight. */

export interface TermRow {
  readonly slot: number
  /** Ascending. */
  readonly ids: Uint32Array
  readonly weights: Float32Array
}

/** Rows in one segment at most: building one takes a few milliseconds. */
const SEGMENT_ROWS = 1_024
/** Rows that may wait for their segment; until then each is looked through. */
const TAIL_ROWS = 128

/** Index in an ascending array, or -1. */
const find = (sorted: Uint32Array, value: number): number => {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = sorted[middle] ?? 0
    if (found === value) return middle
    if (found < value) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Rows with consecutive slots, compressed by term: four arrays, so that a small scope stays small. */
class Segment {
  readonly firstSlot: number
  readonly rows: number
  readonly #terms: Uint32Array
  /** Postings of `#terms[i]` are those from `#starts[i]` up to `#starts[i + 1]`. */
  readonly #starts: Uint32Array
  readonly slots: Uint32Array
  readonly weights: Float32Array

  constructor(rows: ReadonlyArray<TermRow>) {
    const count = rows.reduce((sum, row) => sum + row.ids.length, 0)
    this.firstSlot = rows[0]?.slot ?? 0
    this.rows = rows.length
    const sorted = new Uint32Array(count)
    let at = 0
    for (const { ids } of rows) {
      sorted.set(ids, at)
      at += ids.length
    }
    sorted.sort()
    this.#terms = sorted.filter((term, i) => i === 0 || term !== sorted[i - 1])
    this.#starts = new Uint32Array(this.#terms.length + 1)
    for (let i = 0, t = -1; i < count; i++) if (t < 0 || sorted[i] !== this.#terms[t]) this.#starts[++t] = i
    this.#starts[this.#terms.length] = count
    this.slots = new Uint32Array(count)
    this.weights = new Float32Array(count)
    this.#fill(rows)
  }

  #fill(rows: ReadonlyArray<TermRow>): void {
    const next = this.#starts.slice()
    for (const { ids, slot, weights } of rows) {
      for (let i = 0; i < ids.length; i++) {
        const t = find(this.#terms, ids[i] ?? 0)
        const place = next[t] ?? 0
        next[t] = place + 1
        this.slots[place] = slot
        this.weights[place] = weights[i] ?? 0
      }
    }
  }

  /** `[from, to)` in `slots` and `weights`; empty where the term is unknown. */
  range(term: number): readonly [number, number] {
    const t = find(this.#terms, term)
    return t < 0 ? [0, 0] : [this.#starts[t] ?? 0, this.#starts[t + 1] ?? 0]
  }

  /** The rows it was made from. */
  unpack(): Array<TermRow> {
    const rows = Array.from({ length: this.rows }, () => ({
      ids: new Array<number>(),
      weights: new Array<number>()
    }))
    this.#terms.forEach((term, t) => {
      for (let i = this.#starts[t] ?? 0; i < (this.#starts[t + 1] ?? 0); i++) {
        const row = rows[(this.slots[i] ?? 0) - this.firstSlot]
        row?.ids.push(term)
        row?.weights.push(this.weights[i] ?? 0)
      }
    })
    return rows.map(({ ids, weights }, i) => ({
      slot: this.firstSlot + i,
      ids: Uint32Array.from(ids),
      weights: Float32Array.from(weights)
    }))
  }

  get bytes(): number {
    return 8 * this.#terms.length + 8 * this.slots.length + 400
  }
}

/** The postings of one scope. Rows are added with consecutive slots and never taken out: the caller knows the dead. */
export class Postings {
  #segments: Array<Segment> = []
  #tail: Array<TermRow> = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  add(row: TermRow): void {
    this.#tail.push(row)
    this.#bytes += 8 * row.ids.length + 240
    if (this.#tail.length >= SEGMENT_ROWS) this.#seal()
  }

  /** After rows were added: keeps what must be looked through row by row short. */
  settle(): void {
    const last = this.#segments.at(-1)
    if (this.#tail.length <= (last === undefined ? 0 : TAIL_ROWS)) return
    if (last !== undefined && last.rows + this.#tail.length <= SEGMENT_ROWS) {
      this.#segments.pop()
      this.#tail.unshift(...last.unpack())
    }
    this.#seal()
  }

  #seal(): void {
    this.#segments.push(new Segment(this.#tail))
    this.#tail = []
    this.#bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  /** Calls `each` for every row that holds the term, by slot. */
  forEach(term: number, each: (slot: number, weight: number) => void): void {
    for (const segment of this.#segments) {
      const [from, to] = segment.range(term)
      for (let i = from; i < to; i++) each(segment.slots[i] ?? 0, segment.weights[i] ?? 0)
    }
    for (const { ids, slot, weights } of this.#tail) {
      const at = find(ids, term)
      if (at >= 0) each(slot, weights[at] ?? 0)
    }
  }
}
