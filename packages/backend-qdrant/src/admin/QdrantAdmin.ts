import type { MemoryError, Scope } from "@keepsake/core/driver"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** Where a promoted scope lies. */
export interface Promotion {
  readonly shardKey: string
  /** The ids of the nodes that have a replica. */
  readonly nodes: ReadonlyArray<number>
}

/** Calls that only Qdrant has: for the operator, as `StoreAdmin` is. */
export class QdrantAdmin extends Context.Service<
  QdrantAdmin,
  {
    /** The base name of the collections. */
    readonly collection: string
    /**
     * Copies what remains into new collections and drops the old ones, whose segments and logs go at once: the one call
     * that drops a collection, once it is given their base name. Stop the programs that write first; `Conflict` if the
     * number of points changes meanwhile. The handle answers `Closed` afterwards. Does not reach snapshots and backups.
     */
    eraseBytes(collection: string): Effect.Effect<void, MemoryError>
    /**
     * Moves the memories of one heavy scope to a shard key of its own while every program goes on, and says where they
     * are. Ends once they are there and gone from the shared key; the server goes on if the call is interrupted, and
     * calling it again ends what is left. Entries and counts of accesses stay.
     *
     * `nodes` are ids of the cluster's nodes to place it on, the first ones as many as the collection has replicas; by
     * default the server chooses. They are not heeded where the key exists.
     *
     * `Unsupported` outside cluster mode and for a collection without shard keys; `Conflict` while the store moves to
     * another embedder; `Unavailable` if the server gave the copy up.
     */
    promoteScope(
      scope: Scope,
      options?: { readonly nodes?: ReadonlyArray<number> | undefined }
    ): Effect.Effect<Promotion, MemoryError>
  }
>()("@keepsake/backend-qdrant/QdrantAdmin") {}
