/** The array, or a copy with room for `length`: 1.5 times as long, so that copies are rare. */
export const growArray = <A extends Uint8Array | Uint32Array | Int32Array | Float32Array | Float64Array>(
  array: A,
  length: number
): A => {
  if (length <= array.length) return array
  const TypedArray = array.constructor as new (length: number) => A
  const longer = new TypedArray(Math.max(length, Math.ceil(array.length * 1.5)))
  longer.set(array)
  return longer
}
