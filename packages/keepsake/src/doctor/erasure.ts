import type { MeasuredErasure } from "@keepsake/backend-pgvector"
import { plural } from "../plural.ts"
import type { Finding } from "./Finding.ts"

type Place = MeasuredErasure["places"][number]["place"]

/** Null: not measured. */
const counted = (count: number | null, one: string, many: string): string =>
  count === null ? `${many}: not measured` : plural(count, one, many)

const describePlace = (
  place: Place,
  { files, deadRows, log, oldFiles, samples }: MeasuredErasure["remains"]
): string => {
  if (place === "rows") {
    return `${files.rewritten} of ${files.all} files of tables and indexes are new; ${counted(oldFiles, "former file with bytes", "former files with bytes")}; ${counted(deadRows, "deleted row", "deleted rows")}`
  }
  return place === "statistics"
    ? counted(samples, "sampled value of no row", "sampled values of no row")
    : counted(log.files, "file of the write-ahead log", "files of the write-ahead log")
}

/** Something was found, and not only left unmeasured. */
const isLeft = (place: Place, { deadRows, files, oldFiles, samples }: MeasuredErasure["remains"]): boolean =>
  place === "rows"
    ? files.rewritten < files.all || (deadRows ?? 0) > 0 || (oldFiles ?? 0) > 0
    : place === "statistics" && (samples ?? 0) > 0

/** What was measured of each place after an erasure; a fault where something is left that erasing again may remove. */
export const erasureFindings = ({ places, remains }: MeasuredErasure): ReadonlyArray<Finding> =>
  places.map(({ bytes, place, toErase }) => ({
    check: place,
    status: bytes === "erased" ? "ok" : isLeft(place, remains) ? "fault" : "warning",
    detail: describePlace(place, remains),
    fix: toErase
  }))
