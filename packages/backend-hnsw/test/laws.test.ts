import { HnswStore } from "@keepsake/backend-hnsw"
import { storeLaws } from "@keepsake/core/testing"
import { Effect } from "effect"
import { temporaryFolder } from "./support/temporaryFolder.ts"

storeLaws(
  "the embedded store",
  Effect.map(temporaryFolder, (folder) =>
    HnswStore.layer({ path: `${folder}/memory.db`, synchronous: "normal" })
  ),
  // Random programs of more operations take longer.
  { timeout: 300_000 + 20 * Number(process.env["KEEPSAKE_LAW_OPERATIONS"] ?? 0) }
)
