/** What the verbs of this room answer. */
import type { PutOutcome } from "../store/MemoryStore.ts"

/** A statement that is stored. */
export interface Stored {
  readonly id: string
  /**
   * `created`, `refreshed` (already stored: its dates move, and what is given is taken over), `reopened` (expired or superseded, now
   * current again), or, from `rememberMany` alone, `conflict`: the key belongs to other content and nothing
   * was written.
   */
  readonly outcome: PutOutcome
}

/** A statement that `beforeWrite` dropped; nothing was written. Only a memory with that hook drops any. */
export interface Dropped {
  readonly id: null
  readonly outcome: "dropped"
}

/** The id of a stored statement, and what the write did. */
export type Remembered = Stored | Dropped

/** The old memory of a supersession, and whether it was closed. */
interface Replaced {
  /** The memory that is no longer current, unless the new statement was dropped. */
  readonly supersededId: string
  /** False when another writer closed or removed it first, or the new statement was dropped. */
  readonly closed: boolean
}

/** The new memory, and whether the old one was closed. */
export type Supersession = Remembered & Replaced

/** What became of the entries of one call. */
export interface Appended {
  readonly appended: number
  /** `beforeWrite` dropped them. */
  readonly dropped: number
}

/** How many memories of an import were stored, known, conflicting, expired or dropped. */
export interface Imported {
  readonly created: number
  /** Already stored; left as they are. */
  readonly known: number
  /** The key belongs to other content, which stays; these memories are left out. */
  readonly conflicting: number
  /** Their lifetime has ended; left out. */
  readonly expired: number
  /** `beforeWrite` dropped them. */
  readonly dropped: number
}
