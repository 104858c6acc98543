import { Clock, Effect } from "effect"
import { warn } from "../runtime/warn.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"

/** Rows per call, and calls per run: the rest waits for the next run, so that a purge never starves other calls. */
const ROWS = 1_000
const CALLS = 100

/** Removes expired memories; a failure is logged and the next run tries again. */
export const purge = Effect.fnUntraced(
  function* (admin: StoreAdmin["Service"]) {
    for (let call = 0; call < CALLS; call++) {
      const now = yield* Clock.currentTimeMillis
      const { removed } = yield* admin.expire({ now, limit: ROWS })
      if (removed < ROWS) return
    }
  },
  (run, admin) =>
    run.pipe(
      Effect.withSpan("keepsake.purge", { attributes: { "db.system.name": admin.backend } }),
      // A defect as well: one odd row must not end the purging of all others.
      Effect.catchCause((cause) => warn("Expired memories could not be removed; trying again later", cause))
    )
)
