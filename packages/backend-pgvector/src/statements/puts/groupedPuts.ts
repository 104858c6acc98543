/** Puts of one scope that wait for each other are one statement: at the server, its counts take one writer at a time. */
import type { MemoryError, PutRequest, PutResult, StoreRow } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { GroupRules } from "../../connection/CallGroups.ts"
import { wasAnswered } from "../../connection/errors.ts"

/** A put of more rows goes by itself: most of its work is done before it waits. */
const ROWS_EACH = 32
const ROWS_TOGETHER = 256
/** UTF-16 code units of the texts. */
const CHARACTERS_EACH = 100_000
const CHARACTERS_TOGETHER = 500_000
/** Puts of one statement share its `now`, the latest: they are of one moment. */
const MOMENT_MS = 1_000

type PutRows = (request: PutRequest) => Effect.Effect<ReadonlyArray<PutResult>, MemoryError>

const countCharacters = (rows: ReadonlyArray<StoreRow>): number =>
  rows.reduce((sum, { memory }) => sum + memory.content.length, 0)

/** Puts under limits take turns in transactions. */
const takesTurns = ({ limits, rows }: PutRequest): boolean =>
  limits === undefined && rows.length <= ROWS_EACH && countCharacters(rows) <= CHARACTERS_EACH

const toAllIds = ({ rows }: PutRequest): ReadonlyArray<string> =>
  rows.flatMap(({ formerIds = [], memory }) => [memory.id, ...formerIds])

const choose = (waiting: ReadonlyArray<PutRequest>): ReadonlyArray<PutRequest> => {
  const [first] = waiting
  if (first === undefined) return []
  const ids = new Set<string>()
  let rows = 0
  let characters = 0
  let [earliest, latest] = [first.now, first.now]
  const fits = (request: PutRequest): boolean =>
    request.whole === first.whole &&
    rows + request.rows.length <= ROWS_TOGETHER &&
    characters + countCharacters(request.rows) <= CHARACTERS_TOGETHER &&
    Math.max(latest, request.now) - Math.min(earliest, request.now) <= MOMENT_MS &&
    toAllIds(request).every((id) => !ids.has(id))
  return waiting.filter((request) => {
    if (!fits(request)) return false
    rows += request.rows.length
    characters += countCharacters(request.rows)
    earliest = Math.min(earliest, request.now)
    latest = Math.max(latest, request.now)
    for (const id of toAllIds(request)) ids.add(id)
    return true
  })
}

/** Both are of one scope, and agree in `whole`: the statement writes all or nothing. */
const joinPuts = (a: PutRequest, b: PutRequest): PutRequest => ({
  ...a,
  now: Math.max(a.now, b.now),
  rows: [...a.rows, ...b.rows]
})

/** @param putRows one statement */
export const putGroupRules = (putRows: PutRows): GroupRules<PutRequest, ReadonlyArray<PutResult>> => ({
  takesTurns,
  choose,
  callTogether: (requests) =>
    Effect.map(putRows(requests.reduce(joinPuts)), (results) => {
      let at = 0
      return requests.map(({ rows }) => results.slice(at, (at += rows.length)))
    }),
  mayDivide: (error) => wasAnswered(error.cause)
})
