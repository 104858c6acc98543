import { Effect } from "effect"
import type { MemoryError } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { StoreAdmin } from "./StoreAdmin.ts"
import { storeClosed } from "./storeErrors.ts"

type Admin = StoreAdmin["Service"]

/**
 * `checkedStore` for the operator's calls: `Closed` once `closedReason` gives one, and `fillStage` skips rows
 * whose id is no lower-case UUID. `close` is never refused.
 */
export const checkedAdmin = (admin: Admin, closedReason: () => string | null): Admin => {
  const checked = <A>(call: () => Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> =>
    Effect.suspend(() => {
      const reason = closedReason()
      return reason === null ? call() : Effect.fail(storeClosed(reason))
    })
  return {
    backend: admin.backend,
    erasure: admin.erasure,
    expire: (request) => checked(() => admin.expire(request)),
    scopes: (request) => checked(() => admin.scopes(request)),
    eraseUser: (request) => checked(() => admin.eraseUser(request)),
    fingerprint: checked(() => admin.fingerprint),
    stage: (next) => checked(() => admin.stage(next)),
    unstaged: (request) => checked(() => admin.unstaged(request)),
    fillStage: (rows) => checked(() => admin.fillStage(rows.filter(({ id }) => isUuid(id)))),
    commitStage: checked(() => admin.commitStage),
    dropStage: checked(() => admin.dropStage),
    close: admin.close
  }
}
