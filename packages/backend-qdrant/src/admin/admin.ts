import type { MemoryError, Removal, StoreAdmin } from "@keepsake/core/driver"
import { Effect } from "effect"
import { between, hasId, is, must, toFilter } from "../codec/filter.ts"
import { ERASURE } from "../erasure.ts"
import { removeAll, type RemoveStaged, removeWhere } from "../requests/remove.ts"
import type { Serving } from "../requests/Serving.ts"
import { listScopes } from "./listScopes.ts"

type Admin = StoreAdmin["Service"]

const PAGE = 1_000

const expire = Effect.fnUntraced(function* (
  serving: Serving,
  removeStaged: RemoveStaged,
  { limit, now }: Parameters<Admin["expire"]>[0]
): Effect.fn.Return<Removal, MemoryError> {
  const expired = between("expiresAt", { lte: now })
  let removed = 0
  while (removed < limit) {
    const { points: page } = yield* serving.points.scroll({
      filter: toFilter(must(expired)),
      limit: Math.min(PAGE, limit - removed),
      with_payload: false
    })
    if (page.length === 0) break
    // Checks expiry again: a row restated meanwhile stays.
    const stillExpired = must(expired, hasId(page.map(({ id }) => String(id))))
    removed += (yield* removeWhere(serving, removeStaged, stillExpired)).removed
  }
  return { removed, ...ERASURE }
})

export const makeAdmin = (
  serving: Serving,
  removeStaged: RemoveStaged
): Pick<Admin, "expire" | "scopes" | "eraseUser"> => ({
  expire: (request) => expire(serving, removeStaged, request),
  scopes: (request) => listScopes(serving, request),
  eraseUser: ({ userId }) => removeAll(serving, removeStaged, must(is("userId", userId)))
})
