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
import { all, type Conditions, hasId, inScope, is, must, mustNot, toFilter } from "../codec/filter.ts"
import { decode, decodeMemory, type ReadPoint } from "../codec/memoryRow.ts"
import {
  encodeFlags,
  encodeSpans,
  furtherPassages,
  IS_MEMORY,
  ofMemories,
  passageId,
  recut
} from "../codec/passages.ts"
import { splitBySize } from "../codec/splitBySize.ts"
import { encodeVectors } from "../codec/vectors.ts"
import { eachShard, type PointsApi, scrollAll } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import type { RemoveStaged } from "../requests/Serving.ts"
import { countByLength, readWhole } from "../requests/wholeRows.ts"
import type { Aliases } from "../schema/inspectServer.ts"
import { pointsByName, pointsOf, type ServingCollection } from "../schema/openCollection.ts"
import {
  createStaged,
  dropStagingAlias,
  findStaged,
  type StagedCollection,
  switchAliases
} from "../schema/stagedCollection.ts"
import { scopeId } from "../scopeId.ts"
import { copyOwnKeys, settleOwnKeys } from "./ownKeys.ts"
import { copyLateWrites, copyChanges, deleteAll, type Switch } from "./switchCollections.ts"

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
  /** The payloads of the rows that `unstaged` gave last, which `fillStage` is given next. */
  given: ReadonlyMap<string, Payload>
}

type Payload = Readonly<Record<string, unknown>>

const PAGE = 256

/** Serving rows that the staged collection lacks. */
const unstagedRows = ({ generation }: StagedCollection) => all(IS_MEMORY, mustNot(is("staged", generation)))

/** Makes the stage, unless a scope is being promoted: a promotion looks for a stage after it made its key. */
const beginStage = Effect.fnUntraced(function* (
  http: QdrantHttp,
  serving: ServingCollection,
  next: Fingerprint
): Effect.fn.Return<StagedCollection, MemoryError> {
  const staged = yield* createStaged(http, serving, next)
  yield* settleOwnKeys(http, serving).pipe(
    Effect.andThen(copyOwnKeys(http, serving, staged)),
    Effect.onError(() => Effect.ignore(dropStagingAlias(http, staged)))
  )
  return staged
})

const stage = Effect.fnUntraced(function* (
  move: Move,
  next: Fingerprint
): Effect.fn.Return<void, MemoryError> {
  const { http, serving } = move
  move.staged ??= (yield* findStaged(http)) ?? (yield* beginStage(http, serving, next))
  const { fingerprint } = move.staged
  if (!sameFingerprint(fingerprint, next)) {
    yield* otherMoveUnderWay(fingerprint, next)
  }
})

/** Everything but what may be long: read afterwards, as much at a time as a page holds. */
const SHORT_KEYS = { exclude: ["text", "longMetadata"] }

/** Whole rows of the serving collection. */
const readRows = Effect.fnUntraced(function* (points: PointsApi, conditions: Conditions, limit: number) {
  const { points: matches } = yield* points.lookUp({
    filter: toFilter(conditions),
    limit,
    with_payload: SHORT_KEYS
  })
  return yield* readWhole(points, matches.slice(0, countByLength(matches)))
})

const toPayloads = (rows: ReadonlyArray<ReadPoint>): ReadonlyMap<string, Payload> =>
  new Map(rows.map(({ id, payload }) => [String(id), payload ?? {}]))

const unstaged = Effect.fnUntraced(function* (
  move: Move,
  limit: number
): Effect.fn.Return<ReadonlyArray<Memory>, MemoryError> {
  const { points, staged } = move
  if (staged === null) return []
  const rows = yield* readRows(points, unstagedRows(staged), limit)
  move.given = toPayloads(rows)
  return yield* decode(() => rows.map(decodeMemory))
})

/** The payloads of rows that the serving collection has: as they were given, or read. */
const findPayloads = Effect.fnUntraced(function* ({ given, points }: Move, rows: ReadonlyArray<StagedRow>) {
  const found = new Map(given)
  let unread = rows.map(({ id }) => id).filter((id) => !given.has(id))
  while (unread.length > 0) {
    const more = yield* readRows(points, all(IS_MEMORY, must(hasId(unread))), unread.length)
    if (more.length === 0) break
    for (const [id, payload] of toPayloads(more)) found.set(id, payload)
    unread = unread.filter((id) => !found.has(id))
  }
  return found
})

/** The ids of rows that the serving collection still has. */
const keepServing = Effect.fnUntraced(function* (points: PointsApi, rows: ReadonlyArray<StagedRow>) {
  const { points: matches } = yield* points.lookUp({
    filter: toFilter(must(hasId(rows.map(({ id }) => id)))),
    limit: rows.length,
    with_payload: false
  })
  return new Set(matches.map(({ id }) => String(id)))
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

/** The points of a whole row, with its vectors in the new space. */
const encodeStaged = (row: StagedRow, payload: Payload, generation: string) => {
  const { id, passages, scope } = row
  const [first, ...more] = passages
  const { base, passages: further } = recut(id, payload, { ...encodeSpans(passages), ...encodeFlags(row) })
  const mark = { staged: generation }
  return [
    { id, vector: encodeVectors(first), payload: { ...base, ...mark } },
    ...more.map((passage, i) => ({
      id: passageId(scope, id, i + 1),
      vector: encodeVectors(passage),
      payload: { ...further[i], ...mark }
    }))
  ]
}

const scopeOf = ({ scope }: StagedRow): Scope => scope

const fillPage = Effect.fnUntraced(function* (
  move: Move,
  staged: StagedCollection,
  page: ReadonlyArray<StagedRow>
) {
  const { http, points } = move
  const payloads = yield* findPayloads(move, page)
  const rows = page.filter(({ id, scope }) => payloads.get(id)?.["scope"] === scopeId(scope))
  if (rows.length === 0) return
  const target = pointsOf(http, staged)
  yield* eachShard(target, rows, scopeOf, (shard, group) => {
    const former = furtherPassages(group.map(({ id }) => id))
    const filled = group.flatMap((row) => encodeStaged(row, payloads.get(row.id) ?? {}, staged.generation))
    const [first = [], ...more] = splitBySize(filled)
    return Effect.forEach(
      [
        // A row that is filled again may be cut otherwise.
        [{ delete: { filter: toFilter(former) } }, { upsert: { points: [...first] } }],
        ...more.map((part) => [{ upsert: { points: [...part] } }])
      ],
      (operations) => shard.update("fill", operations),
      { discard: true }
    )
  })
  // A row that was removed meanwhile was removed from the stage before it was filled.
  const kept = yield* keepServing(points, rows)
  const removed = rows.filter(({ id }) => !kept.has(id))
  yield* eachShard(target, removed, scopeOf, (shard, group) =>
    shard.update("delete removed", [
      { delete: { filter: toFilter(must(ofMemories(group.map(({ id }) => id)))) } }
    ])
  )
  const served = rows.filter(({ id }) => kept.has(id))
  yield* eachShard(points, served, scopeOf, (shard, group) => markStaged(shard, staged, group))
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
  move.given = new Map()
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
    generation: staged.generation
  }
  yield* checkComplete(points, staged)
  yield* finishLayout
  yield* copyChanges(change)
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

/** Looks whether another process began a move: its rows have their texts. */
const removeStaged = Effect.fnUntraced(function* (
  move: Move,
  conditions: Parameters<RemoveStaged>[0]
): Effect.fn.Return<Effect.Effect<void, MemoryError>, MemoryError> {
  const { http, points } = move
  const staged = (move.staged ??= yield* findStaged(http))
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
 * and a row that is replaced counts as missing again. Its points are whole, and have the same mark; removals look for
 * a stage and reach it too. The commit copies what changed since (`switchCollections.ts`) and deletes the points of
 * forgotten rows.
 */
export const makeStaging = Effect.fnUntraced(function* (
  parts: Omit<Move, "staged" | "given">,
  readOnly: boolean,
  aliases: Aliases
): Effect.fn.Return<Staging, MemoryError> {
  const move: Move = {
    ...parts,
    staged: yield* findStaged(parts.http, readOnly, aliases),
    given: new Map()
  }
  return {
    stage: (next) => stage(move, next),
    unstaged: ({ limit }) => unstaged(move, limit),
    fillStage: (rows) => fillStage(move, rows),
    commitStage: Effect.suspend(() => commitStage(move)),
    dropStage: Effect.suspend(() => dropStage(move)),
    removeStaged: (conditions) => removeStaged(move, conditions)
  }
})
