import type { Comparison } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { between, type Condition } from "./filter.ts"

/**
 * A number as two whole numbers that order it: by `high`, then by `low`. They are the halves of its 64 bits,
 * so that the order is JavaScript's for every number. As decimals the server would read some of them one unit off
 * in the last place, and refuse the greatest.
 */
export interface NumberOrder {
  readonly high: number
  readonly low: number
}

const view = new DataView(new ArrayBuffer(8))

export const encodeOrder = (value: number): NumberOrder => {
  // Adds 0, because -0 equals 0.
  view.setFloat64(0, value + 0)
  const high = view.getInt32(0)
  const low = view.getUint32(4)
  // The bits of a negative number grow with its distance from 0.
  return high >= 0 ? { high, low } : { high: ~(high & 0x7fff_ffff), low: ~low >>> 0 }
}

const exactly = (key: string, value: number): Condition => between(key, { gte: value, lte: value })

/** The number whose halves stand under `prefix` equals `value`. */
export const equalsNumber = (prefix: string, value: number): Schemas["Filter"] => {
  const { high, low } = encodeOrder(value)
  return { must: [exactly(`${prefix}high`, high), exactly(`${prefix}low`, low)] }
}

/** The number whose halves stand under `prefix` compares so with `value`. */
export const comparesNumber = (
  prefix: string,
  comparison: Comparison,
  value: number
): ReadonlyArray<Condition> => {
  const { high, low } = encodeOrder(value)
  const beyond = comparison === "gt" || comparison === "gte" ? { gt: high } : { lt: high }
  return [
    between(`${prefix}high`, beyond),
    { must: [exactly(`${prefix}high`, high), between(`${prefix}low`, { [comparison]: low })] }
  ]
}
