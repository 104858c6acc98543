/**
 * Frees an array's memory at once; it must not be used afterwards. Arrays lie outside JavaScript's heap, where the
 * garbage collector does not feel their weight: a hundred megabytes of them can wait for it.
 */
export const freeArray = (array: { readonly buffer: ArrayBuffer }): void => void array.buffer.transfer(0)
