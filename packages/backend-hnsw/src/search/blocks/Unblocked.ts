import { BLOCK_POINTS } from "../../codec/blockBlob.ts"
import { LAST_LOCAL } from "../../codec/memoryRow.ts"

/** Numbers of a scope that no block serves: those greater than `after`, up to `through`. */
export interface UnblockedRange {
  readonly after: number
  /** `LAST_LOCAL` for what came after the last block. */
  readonly through: number
  /** Blocks that begin there are to be replaced: they are damaged or out of date. */
  readonly replaces: boolean
}

/** Changed rows of a load, and the share of its rows, from which blocks are written again. */
const STALE_ROWS = 256
const STALE_SHARE = 1 / 8

/** What a load read passage by passage, and blocks could serve. */
export class Unblocked {
  readonly #ranges: Array<UnblockedRange & { points: number }> = []
  #changed = 0

  /** A load goes on to read a range; again where it reads the rest of the last one. */
  begin(after: number, through: number, replaces: boolean): void {
    if (this.#ranges.at(-1)?.through !== through) this.#ranges.push({ after, through, replaces, points: 0 })
  }

  /** Counts passages of the last range. */
  add(points: number): void {
    const last = this.#ranges.at(-1)
    if (last !== undefined) last.points += points
  }

  /** Counts rows that changed since blocks were written. @param rows of the scope */
  addChanged(changed: number, rows: number): void {
    this.#changed += changed
    if (this.#changed > Math.max(STALE_ROWS, rows * STALE_SHARE)) this.#replaceAll()
  }

  #replaceAll(): void {
    this.#ranges.splice(0, this.#ranges.length, {
      after: -1,
      through: LAST_LOCAL,
      replaces: true,
      points: BLOCK_POINTS
    })
  }

  /** What is worth a block; nothing the next time. */
  take(): ReadonlyArray<UnblockedRange> {
    return this.#ranges
      .splice(0)
      .filter(
        ({ points, replaces, through }) => replaces || points >= (through === LAST_LOCAL ? BLOCK_POINTS : 1)
      )
  }
}
