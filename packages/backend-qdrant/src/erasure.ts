import type { Erasure } from "@keepsake/core/driver"

/**
 * What a deletion does, observed on a 1.19.0 server: the text stays in payload pages and in the write-ahead
 * log until the optimiser rewrites the segment and the log is recycled.
 */
export const ERASURE: Erasure = {
  bytes: "unlinked",
  toErase:
    "Qdrant drops the bytes when its optimiser rewrites the segments (optimizers_config: deleted_threshold 0 " +
    "forces it at the next pass) and the write-ahead log is recycled; to be certain at once, copy what remains " +
    "into a new collection and drop this one, and its snapshots."
}
