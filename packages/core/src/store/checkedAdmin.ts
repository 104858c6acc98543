import * as Effect from "effect/Effect"
import type { MemoryError } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { StoreAdmin } from "./StoreAdmin.ts"
import { openedReadOnly, storeClosed } from "./storeErrors.ts"

type Admin = StoreAdmin["Service"]

/**
 * `checkedStore` for the operator's calls: `Closed` once `closedReason` gives one, and `fillStage` skips rows
 * whose id is no lower-case UUID. Writes to a store opened read-only are refused; `close` never is.
 */
export const checkedAdmin = (admin: Admin, closedReason: () => string | null): Admin => {
  const checked = <A>(call: () => Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> =>
    Effect.suspend(() => {
      const reason = closedReason()
      return reason === null ? call() : Effect.fail(storeClosed(reason))
    })
  const writing = <A>(call: () => Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> =>
    checked(() => (admin.mode.readOnly ? Effect.fail(openedReadOnly()) : call()))
  const { calibrate, firstExpiry } = admin
  return {
    backend: admin.backend,
    mode: admin.mode,
    advice: admin.advice,
    expire: (request) => writing(() => admin.expire(request)),
    firstExpiry: firstExpiry === undefined ? undefined : checked(() => firstExpiry),
    scopes: (request) => checked(() => admin.scopes(request)),
    eraseUser: (request) => writing(() => admin.eraseUser(request)),
    owed: (request) => checked(() => admin.owed(request)),
    payOwed: (rows) => writing(() => admin.payOwed(rows.filter(({ id }) => isUuid(id)))),
    cache: checked(() => admin.cache),
    fingerprint: checked(() => admin.fingerprint),
    calibrate: calibrate === undefined ? undefined : (measured) => writing(() => calibrate(measured)),
    stage: (next) => writing(() => admin.stage(next)),
    unstaged: (request) => checked(() => admin.unstaged(request)),
    fillStage: (rows) => writing(() => admin.fillStage(rows.filter(({ id }) => isUuid(id)))),
    commitStage: writing(() => admin.commitStage),
    dropStage: writing(() => admin.dropStage),
    close: admin.close
  }
}
