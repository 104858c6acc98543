/** Moves the points of a collection from layout 1 to layout 2 while it serves. */
import {
  type Condition,
  type JsonObject,
  type MemoryError,
  sleepInBackground,
  toBytes,
  unsupported,
  warn
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { isToldByFirstLayout, type Layouts, toConditions } from "../codec/condition.ts"
import {
  all,
  ANY_POINT,
  between,
  type Conditions,
  hasId,
  LOWEST,
  must,
  mustNot,
  toFilter
} from "../codec/filter.ts"
import { LAYOUT, unmoved } from "../codec/layout.ts"
import { encodeImportance } from "../codec/memoryRow.ts"
import { encodeFacts } from "../codec/metadata.ts"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import { scrollPages } from "../connection/PointsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { encodeNote } from "./collectionNote.ts"
import { type OpenedCollection, pointsOf } from "./openCollection.ts"
import { readServed } from "./recordCalibration.ts"

type Point = Schemas["Record"]
type Operation = Schemas["UpdateOperation"]

/** Points that one request moves. */
const PAGE = 128

/** Wait after a failure, in milliseconds. */
const RETRY_MS = 10_000

/** The background uses the real clock, because the server does: it must not wait for a `TestClock`. */
const realClock = Context.get(Context.empty(), Clock.Clock)

/** Points whose importance was not changed by this version. */
const WITHOUT_ORDER: Conditions = mustNot(between("importanceOrder.high", { gte: LOWEST }))

const parseMetadata = (text: unknown): JsonObject | null => {
  try {
    return JSON.parse(String(text)) as JsonObject
  } catch {
    return null
  }
}

/** What moves a point. A point that Keepsake did not write is marked alone: reading it fails as before. */
const movedPayload = ({ payload }: Point): Record<string, unknown> => {
  const metadata = parseMetadata(payload?.["metadata"])
  if (metadata === null) return { layout: LAYOUT }
  const bytes = toBytes({ content: String(payload?.["content"]), metadata })
  return { ...encodeFacts(metadata), meta: null, bytes }
}

/** One operation for all points that get the same payload, if they still lack it. */
const setMissing = (
  page: ReadonlyArray<Point>,
  lacking: Conditions,
  encode: (point: Point) => Record<string, unknown>
): ReadonlyArray<Operation> =>
  Array.from(
    Map.groupBy(page, (point) => JSON.stringify(encode(point))),
    ([payload, points]) => ({
      set_payload: {
        payload: JSON.parse(payload) as Record<string, unknown>,
        filter: toFilter(all(lacking, must(hasId(points.map(({ id }) => String(id))))))
      }
    })
  )

/**
 * The mark comes last, with the facts: after an interruption a point without it is moved again. What was changed
 * meanwhile has a mark or an order of its own, and is left alone.
 */
const moveOperations = (page: ReadonlyArray<Point>): ReadonlyArray<Operation> => [
  ...setMissing(page, WITHOUT_ORDER, ({ payload }) => ({
    importanceOrder: encodeImportance(Number(payload?.["importance"] ?? 0)).importanceOrder
  })),
  ...setMissing(page, unmoved, movedPayload)
]

/** The layouts of a collection, and the way from the first to the second. */
export interface LayoutMove {
  /** The layouts of the points at this moment. */
  readonly layouts: () => Layouts
  /** The filter of a condition; `null` if it matches nothing. */
  readonly translate: (condition: Condition) => Effect.Effect<Conditions | null, MemoryError>
  readonly checkPredecessors: Effect.Effect<void, MemoryError>
  /** Moves every point that is left; does nothing in a collection of layout 2. */
  readonly finish: Effect.Effect<void, MemoryError>
}

const readOnlyFirst = (name: string) =>
  unsupported(
    `Collection ${name} has layout 1, which cannot answer this. Open it once without \`readOnly\`: it is then moved to layout ${LAYOUT}.`
  )

export const makeLayoutMove = (http: QdrantHttp, collection: OpenedCollection): LayoutMove => {
  const { layouts, name } = collection
  const points = pointsOf(http, collection)
  let current: Layouts = layouts
  let finished = layouts !== "both"

  const finish: LayoutMove["finish"] = Effect.gen(function* () {
    if (finished) return
    while ((yield* points.count(unmoved)) > 0) {
      yield* scrollPages(
        points,
        unmoved,
        { with_payload: ["metadata", "importance", "content"] },
        PAGE,
        (page) => points.update("move to layout 2", moveOperations(page))
      )
    }
    current = "second"
    const collections = makeCollectionsApi(http)
    const served = yield* readServed(collections, collection)
    yield* collections.setMetadata(name, encodeNote(served, { ready: true, shardKeys: null }))
    finished = true
  })

  /** Fails unless another process has finished the move. */
  const awaitSecond = Effect.gen(function* () {
    if (current === "first") return yield* readOnlyFirst(name)
    const left = yield* points.count(unmoved)
    if (left === 0) {
      current = "second"
      return
    }
    const total = yield* points.count(ANY_POINT)
    const done = Math.floor((100 * (total - left)) / Math.max(1, total))
    yield* unsupported(
      `This condition is not answered until the collection is moved to layout ${LAYOUT}: ${done} % done. Until then conditions on fields other than importance are, and equality of values at the top level of metadata.`
    )
  })

  return {
    layouts: () => current,
    translate: Effect.fnUntraced(function* (condition) {
      if (current !== "second" && !isToldByFirstLayout(condition, current)) yield* awaitSecond
      return toConditions(condition, current)
    }),
    checkPredecessors: Effect.suspend(() => (current === "first" ? readOnlyFirst(name) : Effect.void)),
    finish
  }
}

/** Moves what is left, and starts again after a failure that may pass. */
export const finishInBackground = ({ finish }: LayoutMove): Effect.Effect<void> => {
  const attempt: Effect.Effect<void> = finish.pipe(
    Effect.catch((error) => {
      if (error.isRetryable) return Effect.andThen(sleepInBackground(RETRY_MS), attempt)
      // Moved to another embedder meanwhile.
      if (error.reason._tag === "Closed") return Effect.void
      return warn("Keepsake could not move a collection to its new layout", error)
    })
  )
  return Effect.provideService(attempt, Clock.Clock, realClock)
}
