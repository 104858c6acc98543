/** A list cut to parts of up to `size`, which a call takes; `chunksOf` of Effect copies the rest of the list for each. */
export const batchesOf = <A>(items: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
