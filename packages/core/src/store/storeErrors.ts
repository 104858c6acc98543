/** Errors that several stores raise, in one wording. */
import { describeFingerprint, type Fingerprint } from "../memory/Fingerprint.ts"
import {
  Closed,
  Conflict,
  FingerprintMismatch,
  LimitReached,
  MemoryError,
  Unsupported
} from "../memory/MemoryError.ts"
import type { EntryKey } from "./sessions.ts"

/** Closed by its owner. */
export const STORE_CLOSED = "This store is closed."

/** Closed by a move to another embedder, in this process or another. */
export const STORE_MOVED =
  "This store has moved to a new embedding space: open it again with the new embedder."

/** Every call to a store fails with this from now on; `reason` is the message. */
export const storeClosed = (reason: string): MemoryError =>
  new MemoryError({ reason: new Closed({ message: reason }) })

/** A change that contradicts what is stored. */
export const conflict = (message: string): MemoryError =>
  new MemoryError({ reason: new Conflict({ message }) })

/** What this version, this server or this place cannot do. */
export const unsupported = (message: string): MemoryError =>
  new MemoryError({ reason: new Unsupported({ message }) })

/** `append` where another writer took the number. */
export const entryConflict = ({ kind, number }: EntryKey): MemoryError =>
  conflict(
    `Entry ${number} of this session's ${kind} is there with other content: read on from it, then append after it.`
  )

/** A write that does not fit the limits of its scope; `over` says by how much. */
export const limitReached = ({
  bytes,
  memories
}: {
  readonly bytes: number
  readonly memories: number
}): MemoryError => {
  const parts = [
    ...(memories > 0 ? [`${memories} ${memories === 1 ? "memory" : "memories"}`] : []),
    ...(bytes > 0 ? [`${bytes} bytes`] : [])
  ]
  const message = `This scope is full: the write is ${parts.join(" and ")} over its limits. Forget something, raise the limits, or set whenFull to "dropOldest".`
  return new MemoryError({ reason: new LimitReached({ message, memories, bytes }) })
}

/** A write to a store that was opened with `readOnly`. */
export const openedReadOnly = (): MemoryError =>
  unsupported("This store was opened read-only: open it without `readOnly` to write.")

/** `commitStage` without a `stage` before it. */
export const noMoveUnderWay = (): MemoryError => conflict("No move is under way: call stage first.")

/** `stage` with another fingerprint than the one already staged. */
export const otherMoveUnderWay = (staged: Fingerprint, next: Fingerprint): MemoryError =>
  conflict(
    `A move to [${describeFingerprint(staged)}] is under way; finish it or drop it before starting one to [${describeFingerprint(next)}].`
  )

/** `commitStage` while the staged space lacks rows. */
export const rowsUnstaged = (count: number): MemoryError =>
  conflict(`${count} memories are not in the new space yet.`)

/** The error of opening a store with another fingerprint than it was filled with. */
export const fingerprintMismatch = (stored: Fingerprint, given: Fingerprint): MemoryError =>
  new MemoryError({
    reason: new FingerprintMismatch({
      stored: describeFingerprint(stored),
      given: describeFingerprint(given),
      fingerprint: stored,
      message:
        `This store was filled with [${describeFingerprint(stored)}] but is opened with ` +
        `[${describeFingerprint(given)}]. Open it with the former, or move it to the latter with \`keepsake reembed\`.`
    })
  })
