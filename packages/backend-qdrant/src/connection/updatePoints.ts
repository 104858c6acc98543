/** Writes, in the shards that they belong to. */
import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { timedOut } from "./errors.ts"
import type { QdrantHttp } from "./QdrantHttp.ts"
import type { PointsPlace, ShardSelector } from "./shardKeys.ts"

type Operation = Schemas["UpdateOperation"]

/** Runs operations in order, in one request; every later read sees them. */
export type Update = (
  operation: string,
  operations: ReadonlyArray<Operation>,
  bulk?: "bulk"
) => Effect.Effect<void, MemoryError>

/** An operation in these shards. */
const inShards = (operation: Operation, shard_key: ShardSelector): Operation =>
  Object.fromEntries(
    Object.entries(operation).map(([kind, body]) => [kind, { ...(body as object), shard_key }])
  ) as Operation

/** A deletion reaches the shared key too: copies of a promoted scope may be left there. */
const inScopeShards = (selector: ShardSelector) => (operation: Operation) => {
  const placed = inShards(operation, selector)
  return "delete" in operation && typeof selector === "object" && "fallback" in selector
    ? [placed, inShards(operation, selector.fallback)]
    : [placed]
}

const makeSend = (http: QdrantHttp, { collection }: PointsPlace): Update => {
  const { writeOrdering } = http.settings
  const ordering = writeOrdering === undefined ? {} : { ordering: writeOrdering }
  const write = { collection_name: collection, wait: true, ...ordering }
  return Effect.fnUntraced(function* (operation, operations, bulk) {
    const results = yield* http.send(
      operation,
      (api, init) => api.batchUpdate({ ...write, operations: [...operations] }, init),
      bulk
    )
    if (results.some(({ status }) => status !== "completed")) {
      yield* timedOut({ operation, server: http.server })
    }
  })
}

/** Writes to the shards of a selector, or to all: to the shared keys and each own one. */
export const makeUpdate = (
  http: QdrantHttp,
  place: PointsPlace,
  selector: ShardSelector | null,
  ownKeys: Effect.Effect<ReadonlySet<string>, MemoryError>
): Update => {
  const send = makeSend(http, place)
  const { shardKeys } = place
  if (shardKeys === null) return send
  if (selector !== null) {
    return (operation, operations, bulk) => send(operation, operations.flatMap(inScopeShards(selector)), bulk)
  }
  const { all, own } = shardKeys
  const [fallback = ""] = all
  return Effect.fnUntraced(function* (operation, operations, bulk) {
    const sendTo = (selectors: ReadonlyArray<ShardSelector>) =>
      send(
        operation,
        operations.flatMap((each) => selectors.map((selected) => inShards(each, selected))),
        bulk
      )
    const known = yield* ownKeys
    yield* sendTo([[...all], ...Array.from(known, (target) => ({ target, fallback }))])
    if (own === null) return
    // The scope of a key that was made meanwhile may have moved there before.
    const made = Array.from(yield* ownKeys).filter((key) => !known.has(key))
    if (made.length > 0) yield* sendTo(made.map((target) => ({ target, fallback })))
  })
}
