import type { Terms } from "@keepsake/core/driver"
import type { Parameters } from "../connection/Parameters.ts"
import { encodeFloat4Array, encodeInt4Array } from "../connection/parameterCodec.ts"

/** Of a long text: the terms are those of its passages. */
export const NO_TERMS: Terms = {
  ids: new Uint32Array(0),
  weights: new Float32Array(0),
  length: 0,
  norm: 1
}

/** Columns of `r`, and how the terms of a row follow from them. */
export interface EncodedTerms {
  /** Arrays for `unnest`, and the names of their columns. */
  readonly arrays: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly ids: string
  readonly weights: string
  readonly length: string
  readonly norm: string
}

/** Terms of many rows: ids and weights in two flat arrays, of which row i has `[first[i], last[i]]`, counted from 1 as SQL does. */
export const encodeTerms = (p: Parameters, rows: ReadonlyArray<Terms>): EncodedTerms => {
  const [ids, weights]: [Array<number>, Array<number>] = [[], []]
  const [first, last]: [Array<number>, Array<number>] = [[], []]
  for (const terms of rows) {
    first.push(ids.length + 1)
    for (let i = 0; i < terms.ids.length; i++) {
      ids.push(terms.ids[i] ?? 0)
      weights.push(terms.weights[i] ?? 0)
    }
    last.push(ids.length)
  }
  const int = (numbers: ReadonlyArray<number>) => `${p.add(encodeInt4Array(numbers))}::int4[]`
  const float = (numbers: ReadonlyArray<number>) => `${p.add(encodeFloat4Array(numbers))}::float4[]`
  const arrays = [
    int(first),
    int(last),
    int(rows.map(({ length }) => length)),
    float(rows.map(({ norm }) => norm))
  ]
  return {
    arrays,
    names: ["first", "last", "length", "norm"],
    ids: `(${int(ids)})[r.first:r.last]`,
    weights: `(${float(weights)})[r.first:r.last]`,
    length: "r.length",
    norm: "r.norm"
  }
}
