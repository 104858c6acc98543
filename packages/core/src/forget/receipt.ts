import type { Scope } from "../memory/Scope.ts"
import type { Erasure } from "../store/removal.ts"

/** What a removal did in one scope; claims only what the store did. */
export interface Receipt extends Erasure {
  readonly scope: Scope
  readonly backend: string
  readonly removed: number
  /** True: nothing was removed, `removed` is what would be. */
  readonly dryRun: boolean
  /** Epoch milliseconds. */
  readonly at: number
}

/** What erasing a user did; claims only what the store did. */
export interface UserReceipt extends Erasure {
  readonly userId: string
  readonly backend: string
  /** Memories of every agent, expired and superseded ones and agents' own notes included. */
  readonly removed: number
  /** Epoch milliseconds. */
  readonly at: number
}
