import type { Tokenizer } from "./readTokenizer.ts"

/** A row for each piece: a text is the mean of its pieces' rows. */
export interface StaticTable {
  readonly dimensions: number
  /** `null` for a text of which the table knows too little. */
  embed(text: string): Float32Array | null
}

/** Rows one after another, and the factor of each. */
export interface PieceRows {
  readonly dimensions: number
  readonly values: ArrayLike<number>
  readonly factors: ArrayLike<number> | null
  /** The row of each piece, where they are not one to one. */
  readonly rows: ArrayLike<number> | null
}

/** The sum of the pieces' rows, which points where their mean does; `null` where it points nowhere. */
export const sumRows = (
  { dimensions, factors, rows, values }: PieceRows,
  pieces: ReadonlyArray<number>
): Float32Array | null => {
  const sum = new Float32Array(dimensions)
  for (const piece of pieces) {
    const from = (rows === null ? piece : (rows[piece] ?? 0)) * dimensions
    const factor = factors === null ? 1 : (factors[piece] ?? 1)
    for (let k = 0; k < dimensions; k++) sum[k] = (sum[k] ?? 0) + factor * (values[from + k] ?? 0)
  }
  return sum.some((value) => value !== 0) ? sum : null
}

export const makeTable = (rows: PieceRows, tokenize: Tokenizer): StaticTable => ({
  dimensions: rows.dimensions,
  embed: (text) => sumRows(rows, tokenize(text))
})
