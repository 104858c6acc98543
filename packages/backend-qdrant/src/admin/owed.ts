/** Vectors that are still to come. */
import {
  checkVectors,
  type MemoryError,
  type OwedRow,
  type PaidRow,
  sameScope,
  type StoreAdmin
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { hasId, must, toFilter } from "../codec/filter.ts"
import { decode, decodeMemory, EXCERPT_KEYS, type ReadPoint } from "../codec/memoryRow.ts"
import { decodeSpans, passageId } from "../codec/passages.ts"
import { DENSE, toNumbers } from "../codec/vectors.ts"
import { eachShard, type PointsApi } from "../connection/PointsApi.ts"
import type { Serving } from "../requests/Serving.ts"
import { OWED } from "../requests/usage.ts"
import { countByLength, readWhole } from "../requests/wholeRows.ts"
import { parseScopeId } from "../scopeId.ts"

type Admin = StoreAdmin["Service"]

const toOwedRow = (point: ReadPoint): OwedRow => {
  const memory = decodeMemory(point)
  return { memory, spans: decodeSpans(point.payload ?? {}, memory.content.length) }
}

export const owed = Effect.fnUntraced(function* (
  { layouts, points }: Serving,
  { limit }: Parameters<Admin["owed"]>[0]
): Effect.fn.Return<ReadonlyArray<OwedRow>, MemoryError> {
  // A store of the first version owes nothing.
  if (layouts() === "first") return []
  const { points: found } = yield* points.scroll({
    filter: toFilter(OWED),
    limit,
    with_payload: EXCERPT_KEYS
  })
  const whole = yield* readWhole(points, found.slice(0, countByLength(found)))
  return yield* decode(() => whole.map(toOwedRow))
})

type Vectors = Schemas["PointVectors"]

const toVectors = ({ id, scope, vectors }: PaidRow): ReadonlyArray<Vectors> =>
  vectors.flatMap((vector, i) =>
    vector === null
      ? []
      : [{ id: i === 0 ? id : passageId(scope, id, i), vector: { [DENSE]: toNumbers(vector) } }]
  )

const hasGaps = ([first, ...more]: PaidRow["vectors"]): boolean =>
  first !== null && more.some((vector) => vector === null)

/** Rows that still are owed as many vectors as are given. */
const findOwed = Effect.fnUntraced(function* (points: PointsApi, rows: ReadonlyArray<PaidRow>) {
  const { points: found } = yield* points.lookUp({
    filter: toFilter(must(...OWED.must, hasId(rows.map(({ id }) => id)))),
    limit: rows.length,
    with_payload: ["scope", "passages"]
  })
  const payloads = new Map(found.map(({ id, payload }) => [String(id), payload]))
  return rows.filter(({ id, scope, vectors }) => {
    const payload = payloads.get(id)
    return (
      typeof payload?.["scope"] === "string" &&
      sameScope(parseScopeId(payload["scope"]), scope) &&
      Number(payload["passages"] ?? 1) === vectors.length
    )
  })
})

/** The vectors come first: an interruption between the two leaves rows that are still owed. */
const pay = (rows: ReadonlyArray<PaidRow>): ReadonlyArray<Schemas["UpdateOperation"]> => {
  const vectors = rows.flatMap(toVectors)
  const settle = (settled: ReadonlyArray<PaidRow>, gaps: true | null) =>
    settled.length === 0
      ? []
      : [
          {
            set_payload: {
              payload: { owed: null, gaps },
              filter: toFilter(must(...OWED.must, hasId(settled.map(({ id }) => id))))
            }
          }
        ]
  return [
    ...(vectors.length === 0 ? [] : [{ update_vectors: { points: vectors } }]),
    ...settle(
      rows.filter((row) => hasGaps(row.vectors)),
      true
    ),
    ...settle(
      rows.filter((row) => !hasGaps(row.vectors)),
      null
    )
  ]
}

const ATTEMPTS = 3
const PAGE = 64

/** A point that was removed meanwhile fails the request with 404: what is left is read and paid again. */
const payPage = (
  points: PointsApi,
  page: ReadonlyArray<PaidRow>,
  attempts = ATTEMPTS
): Effect.Effect<number, MemoryError> =>
  Effect.gen(function* () {
    const rows = yield* findOwed(points, page)
    if (rows.length === 0) return 0
    return yield* points.update("pay owed vectors", pay(rows)).pipe(
      Effect.as(rows.length),
      Effect.catch((error) =>
        error.reason._tag === "Closed" && attempts > 1
          ? payPage(points, page, attempts - 1)
          : Effect.fail(error)
      )
    )
  })

export const payOwed = Effect.fnUntraced(function* (
  serving: Serving,
  rows: Parameters<Admin["payOwed"]>[0]
): Effect.fn.Return<number, MemoryError> {
  const vectors = rows.flatMap((row) => row.vectors)
  yield* checkVectors(serving.fingerprint, "rows.vectors", vectors)
  let paid = 0
  yield* eachShard(
    serving.points,
    rows,
    ({ scope }) => scope,
    Effect.fnUntraced(function* (points, group) {
      for (let i = 0; i < group.length; i += PAGE) paid += yield* payPage(points, group.slice(i, i + PAGE))
    })
  )
  return paid
})
