/** What a removal's receipt may claim. */
import type { Erasure } from "@keepsake/core/driver"

export const ERASED: Erasure = { bytes: "erased", toErase: "" }

/** Another process kept the write-ahead log from being emptied. */
export const logInUse = (path: string): Erasure => ({
  bytes: "unlinked",
  toErase:
    `Another process is reading ${path}: the bytes stay in its write-ahead log until the ` +
    "next removal, or until the last process closes the store."
})

/** The saved graphs of the removed rows could not be deleted. */
export const graphsLeft = (folder: string, error: Error): Erasure => ({
  bytes: "unlinked",
  toErase: `Delete the folder ${folder}, which holds vectors: ${error.message}`
})
