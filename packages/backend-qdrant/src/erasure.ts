import { type ErasedPlace, type Removal, toErasure } from "@keepsake/core/driver"

const TO_ERASE: Readonly<Record<"rows" | "log", string>> = {
  rows:
    "Qdrant drops the bytes when its optimiser rewrites the segments (optimizers_config: deleted_threshold 0 and " +
    "vacuum_min_vector_number 100 force it at the next pass); to be certain at once, run `keepsake doctor --erase` " +
    "(QdrantAdmin.eraseBytes), which copies what remains into a new collection and drops this one. Snapshots are yours to delete.",
  log:
    "The write-ahead log of the collection holds them until later writes recycle it, thousands of writes later; " +
    "`keepsake doctor --erase` drops it."
}

/**
 * What a deletion did, as observed on a 1.19.0 server: the text stays in payload pages and in the write-ahead log until
 * the optimiser rewrites the segment and the log is recycled.
 */
export const toRemoval = (removed: number, hadEntries = false): Removal => {
  const places = (["rows", "log"] as const).map((place): ErasedPlace =>
    removed > 0 || hadEntries
      ? { place, bytes: "unlinked", toErase: TO_ERASE[place] }
      : { place, bytes: "untouched", toErase: "" }
  )
  return { removed, ...toErasure(places) }
}
