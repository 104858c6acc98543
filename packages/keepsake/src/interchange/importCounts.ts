/** What became of the rows of an import. */
import type { Scope } from "@keepsake/core"

/** What became of the rows, or would. */
export interface ImportCounts {
  readonly created: number
  /** Already there, and left as they are. */
  readonly known: number
  /** Said later and otherwise than what is there, which they replaced. */
  readonly superseded: number
  /** What is there says something else under the same key, and is not older. */
  readonly conflicting: number
  readonly expired: number
  /** Deleted, archived or paused in the other system. */
  readonly inactive: number
  /** Left out by the hook `beforeWrite`. */
  readonly dropped: number
}

export type Tally = { -readonly [Name in keyof ImportCounts]: number }

export const emptyTally = (): Tally => ({
  created: 0,
  known: 0,
  superseded: 0,
  conflicting: 0,
  expired: 0,
  inactive: 0,
  dropped: 0
})

/** The counts of one scope. */
export interface ScopeTally {
  readonly scope: Scope
  readonly counts: Tally
}

/** The counts of all scopes together. */
export const addCounts = (scopes: ReadonlyArray<ScopeTally>): ImportCounts => {
  const total = emptyTally()
  for (const { counts } of scopes)
    for (const [name, count] of Object.entries(counts) as ReadonlyArray<[keyof Tally, number]>)
      total[name] += count
  return total
}
