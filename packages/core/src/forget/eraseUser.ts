import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { MemoryServices } from "../write/MemoryServices.ts"
import type { UserReceipt } from "./receipt.ts"

/** Erases a person across agents, and clears what this process holds of them. */
export const eraseUser = Effect.fnUntraced(function* (
  { accesses, admin, embedder, fences, retriever }: MemoryServices,
  userId: string
) {
  const at = yield* Clock.currentTimeMillis
  const removal = yield* fences.eraseUser(userId, admin.eraseUser({ userId }))
  // After the removal: a recall under way may have read rows that were about to go.
  accesses?.forgetUser(userId)
  retriever.forgetUser(userId)
  embedder?.forget()
  return { userId, backend: admin.backend, at, ...removal } satisfies UserReceipt
})
