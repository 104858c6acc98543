import {
  type ScopeCount,
  STORE_CLOSED,
  STORE_MOVED,
  type StoreAdmin,
  type StoreMode
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as EffectScope from "effect/Scope"
import { attempt } from "../connection/attempt.ts"
import { toMemoryError } from "../connection/errors.ts"
import { runScan } from "../connection/Scan.ts"
import type { WalCheckpointer } from "../connection/WalCheckpointer.ts"
import type { Eraser } from "../erase/Eraser.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import type { IndexCache } from "../search/IndexCache.ts"
import { countBytes } from "../tables/countBytes.ts"
import type { EntryTable } from "../tables/EntryTable.ts"
import type { MemoryQueries } from "../tables/MemoryQueries.ts"
import { findOwed, type OwedServices, payOwed } from "./owed.ts"
import type { Staging } from "./Staging.ts"

export interface AdminServices extends OwedServices {
  readonly checkpointer: WalCheckpointer
  readonly entries: EntryTable
  readonly queries: MemoryQueries
  readonly indexes: IndexCache
  readonly graphs: GraphStore
  readonly eraser: Eraser
  readonly staging: Staging
  /** Runs graph builds. */
  readonly background: EffectScope.Closeable
  readonly mode: StoreMode
}

/** Waits for queued writes, and for blocks for a while, then ends the threads and closes the file. */
const close = (services: AdminServices): Effect.Effect<void> =>
  services.indexes.finishBlocks.pipe(
    Effect.andThen(services.commits.drained),
    Effect.andThen(services.checkpointer.close),
    Effect.andThen(EffectScope.close(services.background, Exit.void)),
    Effect.andThen(
      Effect.sync(() => {
        services.connection.close(STORE_CLOSED)
        services.indexes.clear()
      })
    )
  )

export const makeAdmin = (services: AdminServices): StoreAdmin["Service"] => {
  const { commits, connection, eraser, graphs, scopes, staging } = services
  return {
    backend: "hnsw",
    mode: services.mode,
    expire: ({ limit, now }) => eraser.removeExpired(now, limit),
    firstExpiry: attempt(connection, () => eraser.firstExpiry),
    scopes: ({ after, limit }) =>
      runScan(connection, function* () {
        const counts: Array<ScopeCount> = []
        for (const held of scopes.page(after, limit)) {
          counts.push({ scope: held.scope, rows: held.rows, bytes: yield* countBytes(services, held) })
        }
        return counts
      }),
    eraseUser: ({ userId }) => eraser.removeUser(userId),
    owed: ({ limit }) => commits.read(() => findOwed(services, limit)),
    payOwed: (rows) => payOwed(services, rows),
    cache: Effect.sync(() => services.indexes.held),
    fingerprint: attempt(connection, () => connection.fingerprint),
    calibrate: (measured) =>
      Effect.tap(
        commits.write(() => connection.recordCalibration(measured)),
        (calibrated) =>
          Effect.sync(() => {
            connection.fingerprint = calibrated
          })
      ),
    stage: (next) => staging.stage(next),
    unstaged: ({ limit }) => staging.unstaged(limit),
    fillStage: (rows) => staging.fill(rows),
    commitStage: staging.commit.pipe(
      // Erases the old space like any removal.
      Effect.andThen(eraser.eraseLog),
      Effect.andThen(Effect.mapError(graphs.forgetAll, (error) => toMemoryError(connection.path, error))),
      Effect.andThen(Effect.sync(() => connection.refuse(STORE_MOVED)))
    ),
    dropStage: Effect.asVoid(Effect.andThen(staging.drop, eraser.eraseLog)),
    close: close(services)
  }
}
