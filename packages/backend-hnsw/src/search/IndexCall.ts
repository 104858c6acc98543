import { SLICE_MS } from "@keepsake/core/driver"
import type { Scan } from "../connection/Scan.ts"
import { OpenVerdicts, SliceSpent } from "./rows/OpenVerdicts.ts"
import type { ScopeIndex } from "./ScopeIndex.ts"

/** Beginnings after which a call is worked at to its end: writes to its scope in each slice would hold it up for ever. */
const BEGINS_MAX = 3

/** Begins the work of a call; the index is null for a scope without rows. */
export type BeginCall<A> = (index: ScopeIndex | null, opened: OpenVerdicts) => Scan<A>

/** What tells whether an index is the one with which a call began, with the same rows. */
interface Begun<A> {
  readonly scan: Scan<A>
  readonly index: ScopeIndex
  readonly seq: number
  readonly removed: number
}

/** A call of a scope's index, worked at slice by slice: again from its beginning where the rows have changed meanwhile. */
export class IndexCall<A> {
  readonly #begin: BeginCall<A>
  readonly #opened = new OpenVerdicts()
  #begun: Begun<A> | null = null
  #begins = 0

  constructor(begin: BeginCall<A>) {
    this.#begin = begin
  }

  /** The answer for a scope without rows. */
  answerEmpty(): A {
    return this.#workAt(this.#begin(null, this.#opened), Number.POSITIVE_INFINITY)
  }

  /** Works for a slice. Throws `SliceSpent` where the call goes on in the next one, with the same index or another. */
  work(index: ScopeIndex): A {
    this.#opened.startSlice(index)
    const { scan } = this.#isUnderWay(index) ?? this.#beginWith(index)
    const deadline = this.#begins < BEGINS_MAX ? performance.now() + SLICE_MS : Number.POSITIVE_INFINITY
    try {
      return this.#workAt(scan, deadline)
    } catch (error) {
      if (error instanceof SliceSpent) index.leave()
      throw error
    }
  }

  #isUnderWay(index: ScopeIndex): Begun<A> | null {
    const begun = this.#begun
    const isSame = begun?.index === index && begun.seq === index.seq && begun.removed === index.removed
    return isSame ? begun : null
  }

  #beginWith(index: ScopeIndex): Begun<A> {
    const { removed, seq } = index
    if (this.#begun !== null) this.#begins++
    return (this.#begun = { scan: this.#begin(index, this.#opened), index, seq, removed })
  }

  #workAt(scan: Scan<A>, deadline: number): A {
    try {
      for (;;) {
        const part = scan.next()
        if (part.done === true) return part.value
        if (performance.now() > deadline) break
      }
    } catch (error) {
      this.#begun = null
      throw error
    }
    throw new SliceSpent()
  }
}
