/**
 * Blobs that vanish when they are deleted. `secure_delete` zeroes deleted cells and freed pages, but when
 * SQLite rebalances a b-tree it copies cells between sibling pages and leaves the old bytes in the gaps:
 * rows written long before a removal survive it there (measured: 38 of 11,831). Overflow pages are never
 * copied by a rebalance, and are zeroed when they are freed. So everything worth erasing is kept in
 * overflow pages alone: a blob is padded so that SQLite keeps exactly its smallest local part in the
 * b-tree, and that part is all zeroes. (The arithmetic is the file format's, section 1.6.)
 */

interface Page {
  readonly size: number
  /** Bytes of a payload that stay in a table leaf when the rest fills whole overflow pages. */
  readonly local: number
  /** Bytes of a payload in an overflow page. */
  readonly overflow: number
}

const pageOf = (size: number): Page => ({
  size,
  local: Math.floor(((size - 12) * 32) / 255) - 23,
  overflow: size - 4
})

/** Memories without vectors fill one overflow page of this size at the most, as a rule. */
const SMALL = pageOf(1024)
/** A memory with a 384-dimensional vector fills one of these almost exactly: a third fewer pages a write than of the small ones. */
const LARGE = pageOf(2048)

/** The page size of a new file, by the vectors it will hold; 0 dimensions for none. A file keeps its own. */
export const pageSizeFor = (dimensions: number): number =>
  4 * dimensions < SMALL.overflow ? SMALL.size : LARGE.size

const varintLength = (value: number): number =>
  value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4

/** Record header of `(rowid alias, blob)`: its own length, the alias (NULL), the blob's serial type. */
const headerLength = (blobLength: number): number => 2 + varintLength(12 + 2 * blobLength)

/** Where the payload begins in a padded blob of that length. */
export const payloadStart = (blobLength: number): number => {
  const header = headerLength(blobLength)
  // The length tells the page: the local parts differ by 129, the overflows by multiples of 4.
  const isLarge = (blobLength + header - LARGE.local) % LARGE.overflow === 0
  return (isLarge ? LARGE : SMALL).local - header
}

/**
 * A zeroed blob for a table `(rowid INTEGER PRIMARY KEY, data BLOB)` with room for `length` bytes from `payloadStart` on.
 * @param pageSize the file's
 */
export const erasableBlob = (length: number, pageSize: number): Buffer => {
  const { local, overflow } = pageSize === LARGE.size ? LARGE : SMALL
  const total = local + Math.max(1, Math.ceil(length / overflow)) * overflow
  let blob = total - headerLength(total)
  // A shorter blob may need a shorter header; two rounds settle it.
  blob = total - headerLength(blob)
  // From the pool, which `Buffer.alloc` never uses.
  return Buffer.allocUnsafe(blob).fill(0)
}
