/** The greatest turn of each session: rows tell it, and counters where rows were removed. */
import type { MemoryError, MemoryStore, Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { counterId, encodeCounter } from "../codec/entries.ts"
import { all, between, type Conditions, hasId, inScope, is, LOWEST, must, toFilter } from "../codec/filter.ts"
import { eachShard, type PointsApi } from "../connection/PointsApi.ts"
import { parseScopeId } from "../scopeId.ts"
import type { Serving } from "./Serving.ts"

/** A turn that is about to be removed. */
export interface RemovedTurn {
  readonly scope: Scope
  readonly sessionId: string | null
  readonly turn: number | null
}

export const WITH_TURN = between("turn", { gte: LOWEST })

/** Keys of the payload that `readTurn` needs. */
export const TURN_KEYS = ["scope", "sessionId", "turn"]

export const readTurn = ({ payload }: Schemas["Record"]): RemovedTurn => ({
  scope: parseScopeId(String(payload?.["scope"])),
  sessionId: (payload?.["sessionId"] ?? null) as string | null,
  turn: (payload?.["turn"] ?? null) as number | null
})

const highestTurns = (removed: ReadonlyArray<RemovedTurn>) => {
  const highest = new Map<string, { scope: Scope; sessionId: string; turn: number }>()
  for (const { scope, sessionId, turn } of removed) {
    if (sessionId === null || turn === null) continue
    const id = counterId(scope, sessionId)
    if (turn > (highest.get(id)?.turn ?? -1)) highest.set(id, { scope, sessionId, turn })
  }
  return Array.from(highest.values())
}

/**
 * Raises the counters of sessions to these turns, before the rows that hold them are removed: an interruption
 * between the two leaves a counter that says what the rows say. A counter is never lowered.
 */
export const countTurns = (
  sessions: PointsApi,
  removed: ReadonlyArray<RemovedTurn>
): Effect.Effect<void, MemoryError> => {
  const highest = highestTurns(removed)
  if (highest.length === 0) return Effect.void
  return eachShard(
    sessions,
    highest,
    ({ scope }) => scope,
    (shard, group) => {
      const points = group.map(({ scope, sessionId, turn }) => encodeCounter(scope, sessionId, turn))
      const raises = group.map(({ scope, sessionId, turn }) => {
        const lower: Conditions = must(hasId([counterId(scope, sessionId)]), between("turn", { lt: turn }))
        return { set_payload: { payload: { turn }, filter: toFilter(all(inScope(scope), lower)) } }
      })
      return shard.update("count turns", [{ upsert: { points, update_mode: "insert_only" } }, ...raises])
    }
  )
}

const greatestTurn = (points: ReadonlyArray<Schemas["Record"]>): number | null => {
  const turn = points[0]?.payload?.["turn"]
  return typeof turn === "number" ? turn : null
}

export const lastTurn = Effect.fnUntraced(function* (
  { points, sessions }: Serving,
  { scope, sessionId }: Parameters<MemoryStore["Service"]["lastTurn"]>[0]
): Effect.fn.Return<number | null, MemoryError> {
  const [rows, counters] = yield* Effect.all(
    [
      points.scroll({
        filter: toFilter(all(inScope(scope), must(is("sessionId", sessionId)))),
        order_by: { key: "turn", direction: "desc" },
        limit: 1,
        with_payload: ["turn"]
      }),
      sessions.scroll({
        filter: toFilter(all(inScope(scope), must(hasId([counterId(scope, sessionId)])))),
        limit: 1,
        with_payload: ["turn"]
      })
    ],
    { concurrency: "unbounded" }
  )
  const turns = [greatestTurn(rows.points), greatestTurn(counters.points)].filter((turn) => turn !== null)
  return turns.length === 0 ? null : Math.max(...turns)
})
