import { createPrivateFile } from "@keepsake/core/driver"
import { randomFillSync } from "node:crypto"
import { closeSync, rmSync, statfsSync, writeSync } from "node:fs"
import { dirname } from "node:path"

/** Enough for the log of a removal's transaction, and for the checkpoint that empties it. */
const RESERVE_BYTES = 4 * 2 ** 20
/** Free space from which no reserve is held: a removal finds enough. */
const ROOMY_BYTES = 64 * 2 ** 20
/** The reserve takes this part of what is free, at most. */
const SHARE = 1 / 4

/**
 * Room that a removal uses when the disk is full: to delete, SQLite first writes to its log. A file beside the store,
 * made once the disk gets full.
 */
export class SpaceReserve {
  readonly #path: string
  #state: "unknown" | "held" | "none" = "unknown"

  constructor(databasePath: string) {
    this.#path = `${databasePath}-reserve`
  }

  /** The disk has little room left: a long log could not be checkpointed in the reserve. */
  get isHeld(): boolean {
    return this.#state === "held"
  }

  /** Makes the reserve if the disk has little room left; drops it if there is plenty. */
  adjust(): void {
    try {
      const { bavail, bsize } = statfsSync(dirname(this.#path))
      const free = bavail * bsize
      if (free >= ROOMY_BYTES) this.#drop()
      else if (this.#state !== "held") this.#make(Math.min(RESERVE_BYTES, Math.floor(free * SHARE)))
    } catch {
      // A file system that does not tell its room, or has none: removals then need room like every write.
    }
  }

  #make(bytes: number): void {
    const file = createPrivateFile(this.#path)
    // Another process's, or of one that was killed.
    this.#state = "held"
    if (file === null) return
    try {
      // Random, so that no file system compresses it.
      writeSync(file, randomFillSync(Buffer.allocUnsafe(bytes)))
    } catch {
      this.#drop()
    } finally {
      closeSync(file)
    }
  }

  /** Also a reserve that a process left in fuller times. */
  #drop(): void {
    if (this.#state !== "none") rmSync(this.#path, { force: true })
    this.#state = "none"
  }

  /** Frees the room; true if there was some. */
  release(): boolean {
    const held = this.#state === "held"
    this.#drop()
    return held
  }
}
