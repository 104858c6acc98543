/** One line of the speed table. Every ratio is between two medians of the same run. */
export interface Row {
  readonly name: string
  /** The measured value, in `unit`; `null` if it could not be measured, and `note` explains why. */
  readonly value: number | null
  readonly unit: string
  /** The baseline's name; empty without one. */
  readonly against: string
  /** The baseline's value, in `unit`. */
  readonly baseline?: number | undefined
  /** The ratio that `bar` limits: times as fast for `≥`, times as long or as large for `≤`. */
  readonly ratio: number | null
  /** Such as `≥ 100×`; empty if the row has no bar. */
  readonly bar: string
  /** `null` without a bar or a value. */
  readonly holds: boolean | null
  /** Explains the figure: sizes, percentiles, the reason for a missed bar. */
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

/** Lower is better (times, bytes): the baseline must be at least `times` the value. */
export const lessBy = (row: Compared, times: number): Row =>
  judged(row, row.baseline / row.value, `≥ ${times}×`, (ratio) => ratio >= times)

/** Higher is better (calls per second): the value must be at least `times` the baseline. */
export const atLeast = (row: Compared, times: number): Row =>
  judged(row, row.value / row.baseline, `≥ ${times}×`, (ratio) => ratio >= times)

/** Lower is better: the value must be up to `times` the baseline. */
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

/** A row that could not be measured; `note` explains why and how to measure it. */
export const unmeasured = (row: {
  readonly name: string
  readonly unit: string
  readonly against: string
  readonly bar: string
  readonly note: string
}): Row => ({ ...row, value: null, ratio: null, holds: null })
