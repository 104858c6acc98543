import type { MemoryError, Removal, StoreAdmin } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { all, between, is, must, toFilter } from "../codec/filter.ts"
import { IS_MEMORY, ofMemories } from "../codec/passages.ts"
import { toRemoval } from "../erasure.ts"
import { removeAll, removeWhere } from "../requests/remove.ts"
import type { Serving } from "../requests/Serving.ts"
import { listScopes } from "./listScopes.ts"
import { owed, payOwed } from "./owed.ts"

type Admin = StoreAdmin["Service"]

const PAGE = 1_000

const expire = Effect.fnUntraced(function* (
  serving: Serving,
  { limit, now }: Parameters<Admin["expire"]>[0]
): Effect.fn.Return<Removal, MemoryError> {
  const expired = between("expiresAt", { lte: now })
  let removed = 0
  while (removed < limit) {
    const { points: page } = yield* serving.points.scroll({
      filter: toFilter(all(IS_MEMORY, must(expired))),
      limit: Math.min(PAGE, limit - removed),
      with_payload: false
    })
    if (page.length === 0) break
    // Checks expiry again: a row restated meanwhile stays.
    const stillExpired = must(expired, ofMemories(page.map(({ id }) => String(id))))
    removed += (yield* removeWhere(serving, stillExpired)).removed
  }
  return toRemoval(removed)
})

export const makeAdmin = (
  serving: Serving
): Pick<Admin, "expire" | "scopes" | "eraseUser" | "owed" | "payOwed"> => ({
  expire: (request) => expire(serving, request),
  scopes: (request) => listScopes(serving, request),
  eraseUser: ({ userId }) => removeAll(serving, must(is("userId", userId))),
  owed: (request) => owed(serving, request),
  payOwed: (rows) => payOwed(serving, rows)
})
