/** What a removal did to the bytes, place by place: only what the call did itself. */
import type { ErasedPlace } from "@keepsake/core/driver"

type Place = ErasedPlace["place"]

export const untouched = (place: Place): ErasedPlace => ({ place, bytes: "untouched", toErase: "" })

export const erased = (place: Place): ErasedPlace => ({ place, bytes: "erased", toErase: "" })

/** Nothing was removed. */
export const UNTOUCHED: ReadonlyArray<ErasedPlace> = (["rows", "log", "graphs", "temporary"] as const).map(
  untouched
)

/** Another process kept the write-ahead log from being emptied. */
export const logInUse = (path: string): ErasedPlace => ({
  place: "log",
  bytes: "unlinked",
  toErase:
    `Another process is reading ${path}: the bytes stay in its write-ahead log until the ` +
    "next removal, or until the last process closes the store."
})

/** How many files beside the store were deleted. */
export interface DeletedFiles {
  readonly graphs: number
  /** Half written. */
  readonly temporary: number
}

export const toFilePlaces = ({ graphs, temporary }: DeletedFiles): ReadonlyArray<ErasedPlace> => [
  graphs > 0 ? erased("graphs") : untouched("graphs"),
  temporary > 0 ? erased("temporary") : untouched("temporary")
]

/** The saved graphs of the removed rows could not be deleted. */
export const filesLeft = (folder: string, error: Error): ReadonlyArray<ErasedPlace> =>
  (["graphs", "temporary"] as const).map((place) => ({
    place,
    bytes: "unlinked",
    toErase: `Delete the folder ${folder}, which holds vectors: ${error.message}`
  }))
