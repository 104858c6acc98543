/** The array itself, or a longer copy with room for `length`: half as much again, so that copies stay rare. */
export const growArray = <A extends Uint8Array | Uint32Array | Int32Array | Float32Array | Float64Array>(
  array: A,
  length: number
): A => {
  if (length <= array.length) return array
  const Array = array.constructor
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array's own constructor
  const longer = new (Array as new (length: number) => A)(Math.max(length, Math.ceil(array.length * 1.5)))
  longer.set(array)
  return longer
}
