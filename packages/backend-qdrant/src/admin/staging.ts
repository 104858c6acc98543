import {
  checkVectors,
  type Fingerprint,
  type Memory,
  MemoryError,
  noMoveUnderWay,
  otherMoveUnderWay,
  rowsUnstaged,
  sameFingerprint,
  type Scope,
  type StagedRow,
  type StoreAdmin,
  Unavailable
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { all, hasId, inScope, is, must, mustNot, toFilter } from "../codec/filter.ts"
import { encodeScope, EXCERPT_KEYS } from "../codec/memoryRow.ts"
import {
  encodeFlags,
  encodeSpans,
  furtherPassages,
  IS_MEMORY,
  ofMemories,
  passageId
} from "../codec/passages.ts"
import { encodeVectors } from "../codec/vectors.ts"
import { eachShard, type PointsApi, scrollAll } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { decodeMemories } from "../requests/read.ts"
import type { RemoveStaged } from "../requests/Serving.ts"
import { countByLength } from "../requests/wholeRows.ts"
import type { Aliases } from "../schema/inspectServer.ts"
import { pointsByName, pointsOf, type ServingCollection } from "../schema/openCollection.ts"
import {
  createStaged,
  dropStagingAlias,
  findStaged,
  newGeneration,
  type StagedCollection,
  switchAliases
} from "../schema/stagedCollection.ts"
import { scopeId } from "../scopeId.ts"
import { copyLateWrites, copyPayloads, deleteAll, type Switch } from "./switchCollections.ts"

type Admin = StoreAdmin["Service"]

export interface Staging extends Pick<
  Admin,
  "stage" | "unstaged" | "fillStage" | "commitStage" | "dropStage"
> {
  readonly removeStaged: RemoveStaged
}

/** What every step of a move needs. */
interface Move {
  readonly http: QdrantHttp
  readonly serving: ServingCollection
  /** Points of the serving collection. */
  readonly points: PointsApi
  /** Makes this store answer `Closed`. */
  readonly close: Effect.Effect<void>
  /** Moves points of the first layout, so that their payloads are copied in the second. */
  readonly finishLayout: Effect.Effect<void, MemoryError>
  staged: StagedCollection | null
}

const PAGE = 256

/** Serving rows that the staged collection lacks. */
const unstagedRows = ({ generation }: StagedCollection) => all(IS_MEMORY, mustNot(is("staged", generation)))

const stage = Effect.fnUntraced(function* (
  move: Move,
  next: Fingerprint
): Effect.fn.Return<void, MemoryError> {
  const { http, serving } = move
  move.staged ??= (yield* findStaged(http)) ?? (yield* createStaged(http, serving, next))
  const { fingerprint } = move.staged
  if (!sameFingerprint(fingerprint, next)) {
    yield* otherMoveUnderWay(fingerprint, next)
  }
})

const unstaged = Effect.fnUntraced(function* (
  { points, staged }: Move,
  limit: number
): Effect.fn.Return<ReadonlyArray<Memory>, MemoryError> {
  if (staged === null) return []
  const filter = toFilter(unstagedRows(staged))
  const { points: matches } = yield* points.scroll({ filter, limit, with_payload: EXCERPT_KEYS })
  return yield* decodeMemories(points, matches.slice(0, countByLength(matches)))
})

/** The rows that the serving collection still has. */
const keepServing = Effect.fnUntraced(function* (points: PointsApi, rows: ReadonlyArray<StagedRow>) {
  const { points: matches } = yield* points.lookUp({
    filter: toFilter(must(hasId(rows.map(({ id }) => id)))),
    limit: rows.length,
    with_payload: ["scope"]
  })
  const scopes = new Map(matches.map(({ id, payload }) => [String(id), payload?.["scope"]]))
  return rows.filter(({ id, scope }) => scopes.get(id) === scopeId(scope))
})

/** Marks rows of a shard of the serving collection as staged, one operation per scope. */
const markStaged = (points: PointsApi, { generation }: StagedCollection, rows: ReadonlyArray<StagedRow>) => {
  const scopes = Map.groupBy(rows, ({ scope }) => scopeId(scope))
  const marks = Array.from(scopes.values(), (scopeRows) => {
    const scope: Scope = scopeRows[0]?.scope ?? { agentId: "", userId: "" }
    const filter = toFilter(all(inScope(scope), must(ofMemories(scopeRows.map(({ id }) => id)))))
    return { set_payload: { payload: { staged: generation }, filter } }
  })
  return points.update("mark as staged", marks)
}

/** The points of a row without its text: only where its passages stand. */
const encodeStaged = (row: StagedRow) => {
  const { id, passages, scope } = row
  const [first, ...more] = passages
  const { scopeHash: _, ...passageScope } = encodeScope(scope)
  return [
    {
      id,
      vector: encodeVectors(first),
      payload: { ...encodeScope(scope), ...encodeSpans(passages), ...encodeFlags(row) }
    },
    ...more.map((passage, i) => ({
      id: passageId(scope, id, i + 1),
      vector: encodeVectors(passage),
      payload: { ...passageScope, memory: id }
    }))
  ]
}

const scopeOf = ({ scope }: StagedRow): Scope => scope

const fillPage = Effect.fnUntraced(function* (
  { http, points }: Move,
  staged: StagedCollection,
  page: ReadonlyArray<StagedRow>
) {
  const rows = yield* keepServing(points, page)
  if (rows.length === 0) return
  yield* eachShard(pointsOf(http, staged), rows, scopeOf, (shard, group) => {
    const former = furtherPassages(group.map(({ id }) => id))
    return shard.update("fill", [
      // A row that is filled again may be cut otherwise.
      { delete: { filter: toFilter(former) } },
      { upsert: { points: group.flatMap(encodeStaged) } }
    ])
  })
  yield* eachShard(points, rows, scopeOf, (shard, group) => markStaged(shard, staged, group))
})

/** Rows of up to as many passages as a request carries, or one row of more. */
const pagesOf = (rows: ReadonlyArray<StagedRow>): ReadonlyArray<ReadonlyArray<StagedRow>> => {
  const pages: Array<Array<StagedRow>> = []
  let left = 0
  for (const row of rows) {
    if (row.passages.length > left) {
      pages.push([])
      left = PAGE
    }
    left -= row.passages.length
    pages.at(-1)?.push(row)
  }
  return pages
}

const fillStage = Effect.fnUntraced(function* (
  move: Move,
  rows: ReadonlyArray<StagedRow>
): Effect.fn.Return<void, MemoryError> {
  const { staged } = move
  if (staged === null) return
  yield* checkVectors(
    staged.fingerprint,
    "rows.vector",
    rows.flatMap(({ passages }) => passages.map(({ vector }) => vector))
  )
  for (const page of pagesOf(rows)) yield* fillPage(move, staged, page)
})

const checkComplete = Effect.fnUntraced(function* (points: PointsApi, staged: StagedCollection) {
  const missing = yield* points.count(unstagedRows(staged))
  if (missing > 0) yield* rowsUnstaged(missing)
})

const notCleanedUp = ({ serving }: Move, cause: MemoryError): MemoryError =>
  new MemoryError({
    reason: new Unavailable({
      message: `The new space serves, but the old points are still in collection ${serving.name}, with what was written there in the last moment. Check it, then drop that collection: memories forgotten from now on stay in it.`,
      cause
    })
  })

const commitStage = Effect.fnUntraced(function* (move: Move): Effect.fn.Return<void, MemoryError> {
  const { close, finishLayout, http, points, serving, staged } = move
  if (staged === null) return yield* noMoveUnderWay()
  const change: Switch = {
    // By name: the aliases are about to change.
    from: pointsByName(http, serving),
    to: pointsByName(http, staged),
    generation: staged.generation,
    copyGeneration: newGeneration()
  }
  yield* checkComplete(points, staged)
  yield* finishLayout
  yield* copyPayloads(change)
  yield* checkComplete(points, staged)
  yield* switchAliases(http, serving, staged)
  move.staged = null
  yield* close
  // The operator drops the old collection; the store deletes points alone.
  yield* copyLateWrites(change).pipe(
    Effect.andThen(deleteAll(change.from)),
    Effect.mapError((cause) => notCleanedUp(move, cause))
  )
})

const dropStage = Effect.fnUntraced(function* (move: Move): Effect.fn.Return<void, MemoryError> {
  const { http } = move
  move.staged ??= yield* findStaged(http)
  if (move.staged === null) return
  yield* dropStagingAlias(http, move.staged)
  yield* deleteAll(pointsByName(http, move.staged))
  move.staged = null
})

const removeStaged = Effect.fnUntraced(function* (
  { http, points, staged }: Move,
  conditions: Parameters<RemoveStaged>[0]
): Effect.fn.Return<Effect.Effect<void, MemoryError>, MemoryError> {
  if (staged === null) return Effect.void
  const doomed = yield* scrollAll(points, all(conditions, IS_MEMORY), { with_payload: false })
  const ids = doomed.map(({ id }) => String(id))
  return Effect.gen(function* () {
    for (let i = 0; i < ids.length; i += PAGE) {
      const filter = toFilter(must(ofMemories(ids.slice(i, i + PAGE))))
      yield* pointsOf(http, staged).update("delete staged", [{ delete: { filter } }])
    }
  })
})

/**
 * A second collection, filled while the first serves.
 *
 * Serving rows note whether it has them (`staged` holds its generation id), so that any process can fill it,
 * and a row that is replaced counts as missing again. Its points have vectors and scope but no text: if a
 * process that does not know of the stage forgets a row, no text stays behind. The commit copies the payloads
 * (`switchCollections.ts`) and deletes the points of forgotten rows.
 */
export const makeStaging = Effect.fnUntraced(function* (
  parts: Omit<Move, "staged">,
  readOnly: boolean,
  aliases: Aliases
): Effect.fn.Return<Staging, MemoryError> {
  const move: Move = { ...parts, staged: yield* findStaged(parts.http, readOnly, aliases) }
  return {
    stage: (next) => stage(move, next),
    unstaged: ({ limit }) => unstaged(move, limit),
    fillStage: (rows) => fillStage(move, rows),
    commitStage: Effect.suspend(() => commitStage(move)),
    dropStage: Effect.suspend(() => dropStage(move)),
    removeStaged: (conditions) => removeStaged(move, conditions)
  }
})
