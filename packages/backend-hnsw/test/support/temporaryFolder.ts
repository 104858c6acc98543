import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder of its own, gone with the Effect scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "keepsake-hnsw-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
