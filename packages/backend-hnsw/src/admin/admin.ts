import { STORE_CLOSED, STORE_MOVED, type StoreAdmin, type StoreMode } from "@keepsake/core/driver"
import { Effect, Exit, Scope as EffectScope } from "effect"
import { attempt } from "../connection/attempt.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"
import type { Connection } from "../connection/Connection.ts"
import { toMemoryError } from "../connection/errors.ts"
import type { WalCheckpointer } from "../connection/WalCheckpointer.ts"
import type { Eraser } from "../erase/Eraser.ts"
import { ERASED } from "../erasure.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import type { IndexCache } from "../search/IndexCache.ts"
import type { ScopeTable } from "../tables/ScopeTable.ts"
import type { Staging } from "./Staging.ts"

export interface AdminServices {
  readonly connection: Connection
  readonly commits: CommitQueue
  readonly checkpointer: WalCheckpointer
  readonly scopes: ScopeTable
  readonly indexes: IndexCache
  readonly graphs: GraphStore
  readonly eraser: Eraser
  readonly staging: Staging
  /** Runs graph builds. */
  readonly background: EffectScope.Closeable
  readonly mode: StoreMode
}

/** Waits for queued writes, then ends the threads and closes the file. */
const close = (services: AdminServices): Effect.Effect<void> =>
  services.commits.drained.pipe(
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
  const { connection, eraser, graphs, scopes, staging } = services
  return {
    backend: "hnsw",
    mode: services.mode,
    erasure: ERASED,
    expire: ({ limit, now }) => eraser.removeExpired(now, limit),
    scopes: ({ after, limit }) => attempt(connection, () => scopes.page(after, limit)),
    eraseUser: ({ userId }) => eraser.removeUser(userId),
    fingerprint: attempt(connection, () => connection.fingerprint),
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
