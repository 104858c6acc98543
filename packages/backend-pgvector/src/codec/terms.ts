import type { Terms } from "@keepsake/core/driver"
import { encodeFloat4Array, encodeInt4Array } from "../connection/parameterCodec.ts"

/** Terms of many rows in two flat arrays: row i has `[first[i], last[i]]`, counted from 1 as SQL does. */
export const flattenTerms = (rows: ReadonlyArray<{ readonly terms: Terms }>) => {
  const [ids, weights]: [Array<number>, Array<number>] = [[], []]
  const [first, last]: [Array<number>, Array<number>] = [[], []]
  for (const { terms } of rows) {
    first.push(ids.length + 1)
    for (let i = 0; i < terms.ids.length; i++) {
      ids.push(terms.ids[i] ?? 0)
      weights.push(terms.weights[i] ?? 0)
    }
    last.push(ids.length)
  }
  return {
    ids: encodeInt4Array(ids),
    weights: encodeFloat4Array(weights),
    first: encodeInt4Array(first),
    last: encodeInt4Array(last)
  }
}
