/**
 * Blobs that vanish when they are deleted. `secure_delete` zeroes deleted cells and freed pages, but when
 * SQLite rebalances a b-tree it copies cells between sibling pages and leaves the old bytes in the gaps:
 * rows written long before a removal survive it there (measured: 38 of 11,831). Overflow pages are never
 * copied by a rebalance, and are zeroed when they are freed. So everything worth erasing is kept in
 * overflow pages alone: a blob is padded so that SQLite keeps exactly its smallest local part in the
 * b-tree, and that part is all zeroes. (The arithmetic is the file format's, section 1.6.)
 */

/** Small pages: a memory with a 384-dimensional vector fills two overflow pages almost exactly. */
export const PAGE_SIZE = 1024

/** Bytes of a payload that stay in a table leaf when the rest fills whole overflow pages. */
const LOCAL = Math.floor(((PAGE_SIZE - 12) * 32) / 255) - 23
const OVERFLOW = PAGE_SIZE - 4

const varintLength = (value: number): number =>
  value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4

/** Record header of `(rowid alias, blob)`: its own length, the alias (NULL), the blob's serial type. */
const headerLength = (blobLength: number): number => 2 + varintLength(12 + 2 * blobLength)

/** Where the payload begins in a padded blob of that length. */
export const payloadStart = (blobLength: number): number => LOCAL - headerLength(blobLength)

/** A zeroed blob for a table `(rowid INTEGER PRIMARY KEY, data BLOB)` with room for `length` bytes from `payloadStart` on. */
export const erasableBlob = (length: number): Buffer => {
  const total = LOCAL + Math.max(1, Math.ceil(length / OVERFLOW)) * OVERFLOW
  let blob = total - headerLength(total)
  // A shorter blob may need a shorter header; two rounds settle it.
  blob = total - headerLength(blob)
  return Buffer.alloc(blob)
}
