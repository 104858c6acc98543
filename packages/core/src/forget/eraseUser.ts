/** Erasing a person: across agents, with what this process still holds or has waiting. */
import { Clock, Effect } from "effect"
import type { AccessCounter } from "../recall/AccessCounter.ts"
import type { Embedder } from "../embedding/Embedder.ts"
import type { WriteFences } from "../write/WriteFences.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Erasure } from "../store/MemoryStore.ts"
import type { Retriever } from "../recall/Retriever.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"

/** What erasing a user did, and no more than that. */
export interface UserReceipt extends Erasure {
  readonly userId: string
  readonly backend: string
  /** Memories of every agent, expired and superseded ones and agents' own notes included. */
  readonly removed: number
  /** Epoch milliseconds. */
  readonly at: number
}

export interface EraseUserParts {
  readonly admin: StoreAdmin["Service"]
  readonly fences: WriteFences
  readonly accesses: AccessCounter
  readonly retriever: Retriever
  readonly embedder: Embedder["Service"] | null
}

export const makeEraseUser =
  ({ accesses, admin, embedder, fences, retriever }: EraseUserParts) =>
  (userId: string): Effect.Effect<UserReceipt, MemoryError> =>
    Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      const removal = yield* fences.eraseUser(userId, admin.eraseUser({ userId }))
      // After removing, since a recall under way may have read what was going.
      accesses.forgetUser(userId)
      retriever.forgetUser(userId)
      embedder?.forget()
      return { userId, backend: admin.backend, at, ...removal }
    })
