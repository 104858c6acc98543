import { createHash } from "node:crypto"
import type { JsonObject, JsonScalar } from "@keepsake/core/driver"

const ENTRY_MAX = 256

/**
 * A metadata pair as its index key. The value is JSON, so that `"1"`, `1` and `true` differ; long pairs are
 * hashed, because an index holds its keys in memory.
 */
export const metadataEntry = (key: string, value: JsonScalar): string => {
  const entry = `${key}=${JSON.stringify(value)}`
  return entry.length <= ENTRY_MAX ? entry : `sha256:${createHash("sha256").update(entry).digest("hex")}`
}

const metadataEntries = (metadata: JsonObject): ReadonlyArray<string> =>
  Object.entries(metadata).flatMap(([key, value]) =>
    typeof value === "object" && value !== null ? [] : [metadataEntry(key, value)]
  )

/** Stores metadata as text: a JSON payload would reorder keys and change whole numbers above 2^53. */
export const encodeMetadata = (metadata: JsonObject) => ({
  metadata: JSON.stringify(metadata),
  meta: metadataEntries(metadata)
})
