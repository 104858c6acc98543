import {
  type Calibration,
  type Fingerprint,
  SLICE_MS,
  STORE_MOVED,
  storeClosed,
  withCalibration
} from "@keepsake/core/driver"
import { Damage } from "./Damage.ts"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { hasLog, readFileState, readIdentity, resolveLinks } from "../schema/fileState.ts"
import { ReadGate } from "./ReadGate.ts"
import type { ReadOnlyFile } from "../schema/openFileReadOnly.ts"

const readNumber = (statement: StatementSync): number => Number(Object.values(statement.get() ?? {})[0])

/** What is chained to it runs when the code that runs now returns to the event loop. */
const runEnd = Promise.resolve()

/** From which a transaction looks at the file before it writes, and not only after. */
const PAUSE_MS = 100

/** An open file: its metadata, and whether another process has switched it to another embedder. */
export class Connection {
  /** Absolute. */
  readonly path: string
  /** Where the links of `path` led: the log and the saved graphs are beside it. */
  readonly realPath: string
  /** Device and inode of the open file. */
  readonly identity: string | null
  readonly db: DatabaseSync
  readonly salt: string
  /** Bytes; erasable blobs are padded for it. */
  readonly pageSize: number
  /** N of the serving `body_N`. */
  readonly generation: number
  /** The generation under which the vectors were written: saved graphs name it. */
  readonly space: number
  readonly readOnly: boolean
  readonly damage: Damage
  readonly reads = new ReadGate()
  readonly #frozenState: string | null
  readonly #dataVersion: StatementSync
  readonly #meta: StatementSync
  #fingerprint: Fingerprint | null
  #seenVersion: number
  #epoch = 0
  #closedReason: string | null = null
  #sharedMemory: string | null = null
  #checkedAt = Number.NEGATIVE_INFINITY
  /** `assertReadable` has looked in this run of the event loop. */
  #hasLooked = false
  #lookedAt = 0
  readonly #onRunEnd = (): void => {
    this.#hasLooked = false
  }

  /** @param readOnly what `openFileReadOnly` told of the file; null for one that may be written */
  constructor(path: string, db: DatabaseSync, readOnly: ReadOnlyFile | null) {
    this.path = path
    this.realPath = resolveLinks(path)
    this.identity = readIdentity(path)
    this.db = db
    this.readOnly = readOnly !== null
    this.damage = new Damage(path)
    this.#frozenState = readOnly?.frozenState ?? null
    this.#dataVersion = db.prepare("PRAGMA data_version")
    this.#dataVersion.setReturnArrays(true)
    this.#meta = db.prepare("SELECT value FROM meta WHERE key = ?")
    this.pageSize = readNumber(db.prepare("PRAGMA page_size"))
    this.#seenVersion = readNumber(this.#dataVersion)
    this.generation = Number(this.meta("generation"))
    this.space = Number(this.meta("space") ?? this.generation)
    this.salt = this.meta("salt") ?? ""
    this.#fingerprint = this.#readFingerprint("fingerprint")
  }

  /** Grows whenever the file may differ from what this handle last read or wrote. */
  get epoch(): number {
    return this.#epoch
  }

  /** Why calls fail with `Closed`; null while the store serves. */
  get closedReason(): string | null {
    return this.#closedReason
  }

  /** The file was opened as one that never changes, and has changed. */
  get outdated(): boolean {
    return this.#frozenState !== null && readFileState(this.path) !== this.#frozenState
  }

  meta(key: string): string | null {
    const value = this.#meta.get(key)?.["value"]
    return typeof value === "string" ? value : null
  }

  /** Inside a transaction. */
  setMeta(key: string, value: string): void {
    this.db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(key, value)
  }

  /** Inside a transaction. */
  removeMeta(key: string): void {
    this.db.prepare("DELETE FROM meta WHERE key = ?").run(key)
  }

  /** What the file serves; the same until a move closes this handle, but for a calibration. */
  get fingerprint(): Fingerprint {
    if (this.#fingerprint === null) throw new RangeError("The file has no fingerprint")
    return this.#fingerprint
  }

  set fingerprint(calibrated: Fingerprint) {
    this.#fingerprint = calibrated
  }

  /** Inside a transaction. Records a calibration where the file lacks one; returns the fingerprint as it is then. */
  recordCalibration(measured: Calibration): Fingerprint {
    const stored = this.#readFingerprint("fingerprint") ?? this.fingerprint
    const calibrated = withCalibration(stored, measured)
    if (calibrated !== stored) this.setMeta("fingerprint", JSON.stringify(calibrated))
    return calibrated
  }

  /** That of the space being filled; null if no move is under way. */
  get staged(): Fingerprint | null {
    return this.#readFingerprint("staged")
  }

  #readFingerprint(key: "fingerprint" | "staged"): Fingerprint | null {
    const value = this.meta(key)
    return value === null ? null : (JSON.parse(value) as Fingerprint)
  }

  /** Throws `Closed` if this handle is closed. */
  assertOpen(): void {
    if (this.#closedReason !== null) throw storeClosed(this.#closedReason)
  }

  /** Throws `Closed` if this handle is closed or another process has switched the file to another embedder. */
  assertServing(): void {
    this.assertOpen()
    const version = readNumber(this.#dataVersion)
    if (version === this.#seenVersion) return
    this.#epoch++
    if (Number(this.meta("generation")) === this.generation) this.#seenVersion = version
    else this.refuse(STORE_MOVED)
    this.assertOpen()
  }

  /**
   * As `assertServing`, for a read. The reads of one run of the event loop look once: this process can hear of another's
   * write only after it, unless it waits for it without the loop, which takes longer than a slice.
   */
  assertReadable(): void {
    if (this.#hasLooked && performance.now() - this.#lookedAt < SLICE_MS) return this.assertOpen()
    this.assertServing()
    this.#lookedAt = performance.now()
    if (this.#hasLooked) return
    this.#hasLooked = true
    void runEnd.then(this.#onRunEnd)
  }

  /** Throws `Closed` if the file at the path is another than the open one, or gone. Refuses later calls too. */
  assertInPlace(): void {
    if (readIdentity(this.path) !== this.identity) this.#refuseReplaced()
  }

  /** Before a transaction after a pause, in which a backup may have been put in the place of the file. */
  assertInPlaceAfterPause(): void {
    if (performance.now() - this.#checkedAt > PAUSE_MS) this.assertInPlace()
  }

  /** After a commit: throws as `assertInPlace` does if it went to a log that was removed or replaced. */
  assertCommitted(): void {
    this.assertInPlace()
    // Log and shared memory come and go together. The log itself is not looked at: Linux would then give its next write
    // a time of its own, and a commit would take a third longer.
    const sharedMemory = readIdentity(`${this.realPath}-shm`)
    this.#sharedMemory ??= sharedMemory
    if (sharedMemory !== this.#sharedMemory) this.#refuseReplaced()
    this.#checkedAt = performance.now()
  }

  #refuseReplaced(): void {
    this.refuse(
      `The memory file ${this.path}, or its log, was removed or replaced while it was open. The write that found it, and what follows, is not stored: open the store again.`
    )
    this.assertOpen()
  }

  /** Frees the file if it was removed or replaced. */
  closeIfReplaced(): void {
    try {
      this.assertInPlace()
    } catch {
      this.db.close()
    }
  }

  /** Whether the log holds writes. */
  get hasLog(): boolean {
    return hasLog(this.realPath)
  }

  /** Ends a failed transaction. */
  rollback(): void {
    this.#epoch++
    // SQLite rolls back by itself when the disk is full.
    if (this.db.isOpen && this.db.isTransaction) this.db.exec("ROLLBACK")
  }

  /**
   * Checkpoints the part of the log that no reader needs, without waiting; the next commit reports a failure.
   * @returns false within a transaction, where none is possible
   */
  checkpointPassive(): boolean {
    if (!this.db.isOpen) return true
    if (this.db.isTransaction) return false
    try {
      this.db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get()
    } catch {
      // Nothing is lost: the log still holds the acknowledged writes.
    }
    return true
  }

  /** Checkpoints the whole log and empties it; false if another process is reading it. */
  checkpointTruncate(): boolean {
    return Number(this.db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"]) === 0
  }

  /** Later calls fail as `Closed`; the first reason stays. */
  refuse(reason: string): void {
    this.#closedReason ??= reason
  }

  close(reason: string): void {
    this.refuse(reason)
    if (this.db.isOpen) this.db.close()
  }
}
