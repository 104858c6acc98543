/** Moving a heavy scope to a shard key of its own: the server copies, routes and switches for all programs at once. */
import {
  conflict,
  invalidInput,
  MemoryError,
  openedReadOnly,
  type Scope,
  type StoreMode,
  Unavailable,
  unsupported
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { inScope, toFilter } from "../codec/filter.ts"
import { type CollectionsApi, makeCollectionsApi } from "../connection/CollectionsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import type { ShardKeys } from "../connection/shardKeys.ts"
import type { ServingCollection } from "../schema/openCollection.ts"
import { findStaged } from "../schema/stagedCollection.ts"
import { clearShared, isServing, type KeyShard, readOwnShards } from "./ownKeys.ts"
import type { Promotion, QdrantAdmin } from "./QdrantAdmin.ts"

/** A promotion under way. */
interface Move {
  readonly collections: CollectionsApi
  readonly name: string
  readonly scope: Scope
  /** The scope's own key. */
  readonly key: string
  /** The key that it shares. */
  readonly shared: string
}

/** Milliseconds between looks at the cluster: more and more. */
const WAIT = 50
const WAIT_MAX = 5_000

/** Looks after which a key that nobody fills is filled: who made it does so at once, unless it was killed. */
const PATIENCE = 8

const unavailable = (message: string): MemoryError =>
  new MemoryError({ reason: new Unavailable({ message }) })

const readShard = ({ collections, key, name }: Move) =>
  Effect.map(readOwnShards(collections, name), (shards) => shards.get(key))

/** Looks until there is an answer. */
const look = <A>(
  move: Move,
  decide: (shard: KeyShard | undefined) => Effect.Effect<A | undefined, MemoryError>,
  wait = WAIT
): Effect.Effect<A, MemoryError> =>
  Effect.flatMap(Effect.flatMap(readShard(move), decide), (decided) =>
    decided === undefined
      ? Effect.andThen(Effect.sleep(wait), look(move, decide, Math.min(WAIT_MAX, 2 * wait)))
      : Effect.succeed(decided)
  )

/** Makes the key, which serves nothing yet. Returns whether this call made it. */
const makeKey = Effect.fnUntraced(function* (
  { collections, key, name }: Move,
  nodes: ReadonlyArray<number> | undefined
): Effect.fn.Return<boolean, MemoryError> {
  if ((yield* collections.shardKeys(name)).includes(key)) return false
  const placement = nodes === undefined ? {} : { placement: nodes.slice(0, 1) }
  // One replica: the server copies to no more, and others follow.
  const options = { initial_state: "Partial", shards_number: 1, replication_factor: 1, ...placement } as const
  return yield* collections.createShardKey(name, key, options).pipe(
    Effect.as(true),
    Effect.catch((error) =>
      Effect.flatMap(collections.shardKeys(name), (keys) =>
        keys.includes(key) ? Effect.succeed(false) : Effect.fail(error)
      )
    )
  )
})

/** Begins the copy. Fails only if it is not under way. */
const beginCopy = (move: Move): Effect.Effect<void, MemoryError> =>
  move.collections
    .changeShards(move.name, {
      replicate_points: {
        filter: toFilter(inScope(move.scope)),
        from_shard_key: move.shared,
        to_shard_key: move.key
      }
    })
    .pipe(
      Effect.asVoid,
      Effect.catch((error) =>
        Effect.flatMap(readShard(move), (shard) =>
          shard !== undefined && (shard.isFilled || isServing(shard)) ? Effect.void : Effect.fail(error)
        )
      )
    )

const gaveUp = ({ key, name }: Move) =>
  unavailable(
    `The server gave up the copy to shard key ${key} of collection ${name}; the scope is served as before. Drop the key, which holds copies alone (POST /collections/${name}/shards/delete {"shard_key": "${key}"}), then promote again.`
  )

/** Has the server copy until the key serves. */
const fill = (move: Move, made: boolean): Effect.Effect<KeyShard, MemoryError> => {
  let unseen = PATIENCE
  let untouched = made ? 0 : PATIENCE
  let isBegun = false
  return look(
    move,
    Effect.fnUntraced(function* (shard): Effect.fn.Return<KeyShard | undefined, MemoryError> {
      // A node may learn of the key later than another.
      if (shard === undefined) return unseen-- > 0 ? undefined : yield* gaveUp(move)
      if (isServing(shard)) return shard
      if (shard.isFilled) return undefined
      if (shard.replicas.some(({ state }) => state === "Dead")) return yield* gaveUp(move)
      // Between the copy's end and the switch.
      if (shard.replicas.some(({ state }) => state !== "Partial")) return undefined
      if (untouched-- > 0) return undefined
      // A second copy leaves there what was removed after the first one.
      if (isBegun) return yield* gaveUp(move)
      yield* beginCopy(move)
      isBegun = true
      untouched = PATIENCE
      const begun = yield* readShard(move)
      return begun !== undefined && isServing(begun) ? begun : undefined
    })
  )
}

/** Waits for all replicas of the key. */
const awaitReplicas = (move: Move): Effect.Effect<KeyShard, MemoryError> =>
  look(
    move,
    Effect.fnUntraced(function* (shard): Effect.fn.Return<KeyShard | undefined, MemoryError> {
      const dead = shard?.replicas.find(({ state }) => state === "Dead")
      if (dead !== undefined) {
        return yield* unavailable(
          `Node ${dead.peer} has no whole replica of shard key ${move.key}, which serves without it: see its log, then promote again.`
        )
      }
      return shard?.replicas.every(({ state }) => state === "Active") === true ? shard : undefined
    })
  )

/** Adds replicas until there are as many as the collection has, and returns the nodes that have one. */
const replicate = Effect.fnUntraced(function* (
  move: Move,
  nodes: ReadonlyArray<number> | undefined
): Effect.fn.Return<ReadonlyArray<number>, MemoryError> {
  const { collections, name } = move
  const { config } = yield* collections.info(name)
  const candidates = nodes ?? (yield* collections.peers)
  const count = config.params.replication_factor ?? 1
  for (;;) {
    const { replicas, shardId: shard_id } = yield* awaitReplicas(move)
    const holders = replicas.map(({ peer }) => peer)
    const to_peer_id = candidates.find((peer) => !holders.includes(peer))
    const [from_peer_id] = holders
    if (holders.length >= count || to_peer_id === undefined || from_peer_id === undefined) return holders
    yield* collections
      .changeShards(name, { replicate_shard: { shard_id, from_peer_id, to_peer_id } })
      .pipe(
        Effect.catch((error) =>
          Effect.flatMap(readShard(move), (shard) =>
            shard?.replicas.some(({ peer }) => peer === to_peer_id) === true
              ? Effect.void
              : Effect.fail(error)
          )
        )
      )
  }
})

const checkKeyed = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  { name, shardKeys }: ServingCollection
): Effect.fn.Return<ShardKeys, MemoryError> {
  if (shardKeys !== null) return shardKeys
  return yield* unsupported(
    (yield* collections.inCluster)
      ? `Collection ${name} has no shard keys: it was made outside cluster mode, or with automatic shards. Copy it to another collection (keepsake copy), whose shards have keys.`
      : "This Qdrant server does not run in cluster mode: it has no shard keys, and a scope cannot have one of its own."
  )
})

const checkNodes = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  nodes: ReadonlyArray<number> | undefined
): Effect.fn.Return<void, MemoryError> {
  if (nodes === undefined) return
  const peers = yield* collections.peers
  const unknown = nodes.filter((node) => !peers.includes(node))
  if (nodes.length === 0 || unknown.length > 0) {
    yield* invalidInput(
      "nodes",
      `must be ids of the cluster's nodes (GET /cluster lists them: ${peers.join(", ")}), not ${unknown.join(", ") || "none"}.`
    )
  }
})

const checkUnstaged = (http: QdrantHttp): Effect.Effect<void, MemoryError> =>
  Effect.flatMap(findStaged(http), (staged) =>
    staged === null
      ? Effect.void
      : conflict("The store is being moved to another embedder: let that end, then promote.")
  )

export const makePromoteScope =
  (
    http: QdrantHttp,
    serving: ServingCollection,
    { readOnly }: StoreMode
  ): QdrantAdmin["Service"]["promoteScope"] =>
  (scope, { nodes } = {}) =>
    Effect.gen(function* (): Effect.fn.Return<Promotion, MemoryError> {
      if (readOnly) yield* openedReadOnly()
      const collections = makeCollectionsApi(http)
      const shardKeys = yield* checkKeyed(collections, serving)
      yield* checkNodes(collections, nodes)
      yield* checkUnstaged(http)
      const { name } = serving
      const key = shardKeys.own?.(scope) ?? ""
      const move = { collections, name, scope, key, shared: shardKeys.of(scope) }
      const made = yield* makeKey(move, nodes)
      // A move that began meanwhile looks for the key after it made its alias.
      yield* checkUnstaged(http)
      yield* fill(move, made)
      const placed = yield* replicate(move, nodes)
      yield* clearShared(http, { name, shardKeys }, scope)
      return { shardKey: key, nodes: placed }
    })
