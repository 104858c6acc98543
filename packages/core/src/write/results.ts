/** What the verbs of this room answer. */
import type { PutOutcome } from "../store/MemoryStore.ts"

/** The id of a stored statement, and what the write did. */
export interface Remembered {
  readonly id: string
  /**
   * `created`, `refreshed` (already stored: only its dates moved), `reopened` (expired or superseded, now
   * current again), or, from `rememberMany` alone, `conflict`: the key belongs to other content and nothing
   * was written.
   */
  readonly outcome: PutOutcome
}

/** The new memory, and whether the old one was closed. */
export interface Supersession extends Remembered {
  /** The memory that is no longer current. */
  readonly supersededId: string
  /** False when another writer closed or removed it first. */
  readonly closed: boolean
}

/** How many memories of an import were stored, known, conflicting or expired. */
export interface Imported {
  readonly created: number
  /** Already stored; left as they are. */
  readonly known: number
  /** The key belongs to other content, which stays; these memories are left out. */
  readonly conflicting: number
  /** Their lifetime has ended; left out. */
  readonly expired: number
}
