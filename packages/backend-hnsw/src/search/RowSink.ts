import type { Body } from "../codec/bodyBlob.ts"
import type { MemoryHead } from "../codec/memoryRow.ts"

/** Takes rows in ascending order of `rid`, each passage of a row after it. */
export interface RowSink {
  /** The greatest number taken or passed over, or -1. */
  readonly lastLocal: number
  add(row: MemoryHead, body: Body): void
  /** A passage beyond a row's first. */
  addExtra(rid: number, body: Body): void
  /** Passes over a row or passage that is damaged. */
  pass(rid: number): void
}
