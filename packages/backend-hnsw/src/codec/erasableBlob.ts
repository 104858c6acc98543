/**
 * Blobs whose bytes disappear when they are deleted. `secure_delete` zeroes deleted cells and freed pages, but
 * rebalancing a b-tree copies cells between sibling pages and leaves the old bytes in the gaps (measured: 38 of
 * 11,831 removed rows survived there). Overflow pages are never copied and are zeroed when freed. So a blob is padded
 * until SQLite keeps its smallest possible local part in the b-tree, and that part is all zeroes. The arithmetic
 * follows section 1.6 of SQLite's file format. Part of our file format.
 */

interface Page {
  readonly size: number
  /** Payload bytes that stay in the table leaf when the rest fills whole overflow pages. */
  readonly local: number
  /** Payload bytes of an overflow page. */
  readonly overflow: number
}

const pageLayout = (size: number): Page => ({
  size,
  local: Math.floor(((size - 12) * 32) / 255) - 23,
  overflow: size - 4
})

/** Most memories without a vector fit one overflow page of this size. */
const SMALL = pageLayout(1024)
/** A memory with a 384-dimensional vector almost fills one: a third fewer pages per write than with small pages. */
const LARGE = pageLayout(2048)

/** The page size of a new file, which it keeps. @param dimensions 0 for a store without vectors */
export const choosePageSize = (dimensions: number): number =>
  4 * dimensions < SMALL.overflow ? SMALL.size : LARGE.size

const varintLength = (value: number): number =>
  value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4

/** Length of the record header of `(rowid alias, blob)`: its length, the alias (NULL), the blob's serial type. */
const headerLength = (blobLength: number): number => 2 + varintLength(12 + 2 * blobLength)

/** Byte offset of the payload in a padded blob of this length. */
export const payloadStart = (blobLength: number): number => {
  const header = headerLength(blobLength)
  // The length implies the page size: the local parts differ by 129, the overflow parts by multiples of 4.
  const isLarge = (blobLength + header - LARGE.local) % LARGE.overflow === 0
  return (isLarge ? LARGE : SMALL).local - header
}

/** How long a padded blob with room for `length` bytes is. */
const blobLength = (length: number, pageSize: number): number => {
  const { local, overflow } = pageSize === LARGE.size ? LARGE : SMALL
  const total = local + Math.max(1, Math.ceil(length / overflow)) * overflow
  // A shorter blob may have a shorter header; a second round is enough.
  return total - headerLength(total - headerLength(total))
}

/**
 * A zeroed blob for a table `(rowid INTEGER PRIMARY KEY, data BLOB)` with room for `length` bytes from `payloadStart`.
 * @param pageSize the file's page size
 */
export const allocateErasableBlob = (length: number, pageSize: number): Buffer =>
  // `Buffer.alloc` never uses the pool.
  Buffer.allocUnsafe(blobLength(length, pageSize)).fill(0)

/** Enough for most rows; longer blobs get memory of their own. */
const shared = Buffer.allocUnsafeSlow(32_768)

/** As `allocateErasableBlob`, in memory that the next call uses again: SQLite copies what a statement is run with. */
export const borrowErasableBlob = (length: number, pageSize: number): Buffer => {
  const size = blobLength(length, pageSize)
  if (size > shared.length) return allocateErasableBlob(length, pageSize)
  const blob = Buffer.from(shared.buffer, 0, size)
  Uint8Array.prototype.fill.call(blob, 0)
  return blob
}
