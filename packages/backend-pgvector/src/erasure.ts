/** What a removal left of the bytes, by what its statement saw. */
import { type ErasedPlace, type Removal, toErasure } from "@keepsake/core/driver"
import type { Rows } from "./connection/Database.ts"

const TO_ERASE = {
  rows: "PostgreSQL keeps deleted text in its files: run `vacuum full` on keepsake's tables (PgVectorAdmin.eraseBytes does), then `checkpoint`.",
  log: "Write-ahead logs, replicas and backups hold it until they are recycled.",
  statistics:
    "The planner keeps samples of it: run `analyze` on keepsake's tables (PgVectorAdmin.eraseBytes does)."
} as const

const place = (name: keyof typeof TO_ERASE, isTouched: boolean): ErasedPlace => ({
  place: name,
  bytes: isTouched ? "unlinked" : "untouched",
  toErase: isTouched ? TO_ERASE[name] : ""
})

/** Decodes the one row of a removal: memories, entries, whether the planner may hold samples. */
export const toRemoval = (rows: Rows): Removal => {
  const [memories, entries, sampled] = rows[0] ?? []
  const removed = Number(memories)
  const isTouched = removed > 0 || Number(entries) > 0
  const places = [
    place("rows", isTouched),
    place("log", isTouched),
    place("statistics", isTouched && sampled === true)
  ]
  return { removed, ...toErasure(places) }
}
