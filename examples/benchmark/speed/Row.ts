/** One line of the speed table. Every ratio is between two medians of the same run. */
export interface Row {
  readonly name: string
  /** What was measured, in `unit`; `null` when it could not be: then `note` says why. */
  readonly value: number | null
  readonly unit: string
  /** What it is compared with; empty when with nothing. */
  readonly against: string
  /** The same quantity of `against`, in `unit`. */
  readonly baseline?: number | undefined
  /** What `bar` speaks of: times as fast for `≥`, times as long or as much for `≤`. */
  readonly ratio: number | null
  /** Such as `≥ 100×`; empty when the row only reports. */
  readonly bar: string
  /** `null` when there is no bar, or nothing was measured. */
  readonly holds: boolean | null
  /** What explains the figure: sizes, the percentile, why a bar is missed and what would meet it. */
  readonly note?: string | undefined
}

export interface Compared {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly against: string
  readonly baseline: number
  readonly note?: string | undefined
}

/** Less is better (times, bytes): how many times less than the baseline, at least `times`. */
export const lessBy = (row: Compared, times: number): Row =>
  judged(row, row.baseline / row.value, `≥ ${times}×`, (ratio) => ratio >= times)

/** More is better (calls a second): how many times the baseline, at least `times`. */
export const atLeast = (row: Compared, times: number): Row =>
  judged(row, row.value / row.baseline, `≥ ${times}×`, (ratio) => ratio >= times)

/** Less is better: how many times the baseline, at most `times`. */
export const atMost = (row: Compared, times: number): Row =>
  judged(row, row.value / row.baseline, `≤ ${times}×`, (ratio) => ratio <= times)

const judged = (row: Compared, ratio: number, bar: string, holds: (ratio: number) => boolean): Row => ({
  ...row,
  ratio,
  bar,
  holds: holds(ratio)
})

export interface Measured {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note?: string | undefined
}

/** An absolute bar, such as `< 1 s`. */
export const within = (row: Measured, bar: string, holds: boolean): Row => ({
  against: "",
  ratio: null,
  ...row,
  bar,
  holds
})

/** A figure without a bar. */
export const reported = (row: Measured & { readonly against?: string; readonly baseline?: number }): Row => ({
  against: "",
  ...row,
  ratio: row.baseline === undefined ? null : row.value / row.baseline,
  bar: "",
  holds: null
})

/** A row that could not be measured here; `note` says why and names the command that would. */
export const unmeasured = (row: {
  readonly name: string
  readonly unit: string
  readonly against: string
  readonly bar: string
  readonly note: string
}): Row => ({ ...row, value: null, ratio: null, holds: null })
