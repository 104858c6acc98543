import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A new folder; the Effect scope removes it. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "keepsake-hnsw-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
