import { growArray } from "./growArray.ts"

/** The array, or a longer copy, with these bytes from the index `at` on. */
export const appendBytes = <A extends Uint32Array | Int32Array | Float32Array | Float64Array>(
  array: A,
  at: number,
  bytes: Uint8Array
): A => {
  const longer = growArray(array, at + bytes.length / array.BYTES_PER_ELEMENT)
  new Uint8Array(longer.buffer, longer.byteOffset).set(bytes, at * array.BYTES_PER_ELEMENT)
  return longer
}
