import type { Erasure, Removal } from "@keepsake/core/driver"

/** What a DELETE leaves on disk in PostgreSQL, and how to erase it. */
export const ERASURE: Erasure = {
  bytes: "unlinked",
  toErase:
    "PostgreSQL keeps deleted text in its files: run `vacuum full` on keepsake's tables (PgVectorAdmin.eraseBytes does), then `checkpoint`; write-ahead logs, replicas and backups hold it until they are recycled."
}

export const toRemoval = (removed: number): Removal => ({ removed, ...ERASURE })
