/** The methods of the store: each builds a statement, runs it and decodes its rows. */
import {
  type MemoryError,
  MemoryStore,
  type PutRequest,
  type Scope,
  type ScopeLimits,
  type SearchRequest
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { decodeMemories } from "./codec/memoryRow.ts"
import { decodeCount, toNumberOrNull } from "./codec/values.ts"
import type { Rows, SqlStatement } from "./connection/Database.ts"
import { CallGroups } from "./connection/CallGroups.ts"
import { errorCode } from "./connection/errors.ts"
import type { RunStatement, StatementRunner } from "./connection/StatementRunner.ts"
import { toRemoval } from "./erasure.ts"
import type { StatementLayout } from "./schema/EmbeddingColumns.ts"
import { patchStatement, removeStatement, touchStatement } from "./statements/change.ts"
import {
  decodePut,
  decodeSupersede,
  PUT_REFUSED,
  putStatement,
  supersedeStatement
} from "./statements/puts/put.ts"
import { countStatement, getStatement, predecessorsStatement, speakersStatement } from "./statements/read.ts"
import {
  aroundStatement,
  decodeAround,
  decodeExcerpts,
  excerptsStatement,
  latestStatement
} from "./statements/excerpts.ts"
import { scopeId } from "./scopeId.ts"
import { putGroupRules } from "./statements/puts/groupedPuts.ts"
import { runLimitedWrite } from "./statements/puts/limitedWrite.ts"
import { decodeList, decodeListRows, listRowsStatement, listStatement } from "./statements/pages.ts"
import { decodeUsage, usageStatement } from "./statements/usage.ts"
import {
  appendStatement,
  decodeEntries,
  decodeEntryPage,
  dropEntriesStatement,
  entriesStatement,
  listEntriesStatement
} from "./statements/entries.ts"
import { decodeSessions, lastTurnStatement, sessionsStatement } from "./statements/sessions.ts"
import { searchStatement } from "./statements/search.ts"
import { decodeSearch } from "./statements/searchParts.ts"
import { tunedSearchStatement } from "./statements/tunedSearch.ts"
import type { Tuning } from "./tuning/tuning.ts"

const search = Effect.fnUntraced(function* (
  layout: StatementLayout,
  runner: StatementRunner,
  tuning: Tuning,
  request: SearchRequest
) {
  const plan = tuning.choosePlan(request)
  const { result, tuned } = yield* runner.read(
    request.scope,
    () => (plan === null ? searchStatement(layout, request) : tunedSearchStatement(layout, request, plan)),
    (rows) => decodeSearch(rows, request, layout)
  )
  yield* Effect.annotateCurrentSpan({ "keepsake.pgvector.plan": result.plan.way })
  yield* tuning.observe(request.scope, tuned, result.n)
  return result
})

/** A method of the store: builds a statement from its request, runs it, decodes the rows. */
const makeMethod =
  (layout: StatementLayout, run: RunStatement) =>
  <Request extends { readonly scope: Scope }, A>(
    build: (layout: StatementLayout, request: Request) => SqlStatement,
    decode: (rows: Rows, request: Request, layout: StatementLayout) => A
  ) =>
  (request: Request): Effect.Effect<A, MemoryError> =>
    run(
      request.scope,
      () => build(layout, request),
      (rows) => decode(rows, request, layout)
    )

interface Limitable {
  readonly scope: Scope
  readonly now: number
  readonly limits?: ScopeLimits | undefined
}

/** A write that may be under limits: then it is a transaction of several statements; else it is one statement. */
const makeLimitedMethod =
  (layout: StatementLayout, runner: StatementRunner) =>
  <Request extends Limitable, A>(
    build: (layout: StatementLayout, request: Request) => SqlStatement,
    decode: (rows: Rows, request: Request) => A,
    toIds: (written: A, request: Request) => ReadonlyArray<string>
  ) => {
    const write = makeMethod(layout, runner.write)(build, decode)
    return (request: Request): Effect.Effect<A, MemoryError> => {
      const { limits, now, scope } = request
      if (limits === undefined) return write(request)
      const rows = runner.transaction(
        (session) =>
          runLimitedWrite(session, layout, {
            scope,
            now,
            limits,
            statement: build(layout, request),
            toIds: (written) => toIds(decode(written, request), request)
          }),
        scope
      )
      return Effect.map(rows, (written) => decode(written, request))
    }
  }

export const makeStore = (
  layout: StatementLayout,
  runner: StatementRunner,
  tuning: Tuning
): MemoryStore["Service"] => {
  const read = makeMethod(layout, runner.read)
  const write = makeMethod(layout, runner.write)
  const limited = makeLimitedMethod(layout, runner)
  const putRows = limited(putStatement, decodePut, (results) => results.map(({ id }) => id))
  const putAlone = (request: PutRequest) =>
    Effect.catchIf(
      putRows(request),
      ({ reason }) => request.whole !== undefined && errorCode(reason.cause) === PUT_REFUSED,
      () =>
        Effect.succeed(request.rows.map(({ memory }) => ({ id: memory.id, outcome: "conflict" as const })))
    )
  const puts = new CallGroups(putGroupRules(putRows))
  const put = (request: PutRequest) => puts.run(scopeId(request.scope), request, putAlone(request))
  const remove = (run: RunStatement) => makeMethod(layout, run)(removeStatement, toRemoval)
  const [removeIds, removeAll] = [remove(runner.write), remove(runner.writeAll)]
  return MemoryStore.of({
    put: (request) => (request.rows.length === 0 ? Effect.succeed([]) : put(request)),
    get: read(getStatement, decodeMemories),
    search: (request) => search(layout, runner, tuning, request),
    around: read(aroundStatement, decodeAround),
    speakers: read(speakersStatement, (rows) => rows.map(([speaker]) => String(speaker))),
    lastTurn: read(lastTurnStatement, (rows) => toNumberOrNull(rows[0]?.[0])),
    excerpts: read(excerptsStatement, decodeExcerpts),
    list: read(listStatement, decodeList),
    listRows: read(listRowsStatement, decodeListRows),
    latest: read(latestStatement, decodeExcerpts),
    patch: limited(
      patchStatement,
      (rows, request) => decodeMemories(rows, request)[0] ?? null,
      (_, { id }) => [id]
    ),
    supersede: limited(supersedeStatement, decodeSupersede, (superseded, { id, row }) => [
      id,
      superseded.id ?? row.memory.id
    ]),
    remove: (request) => (request.target._tag === "Ids" ? removeIds(request) : removeAll(request)),
    predecessors: read(predecessorsStatement, decodeMemories),
    sessions: read(sessionsStatement, decodeSessions),
    append: limited(
      appendStatement,
      () => undefined,
      () => []
    ),
    entries: read(entriesStatement, decodeEntries),
    listEntries: read(listEntriesStatement, decodeEntryPage),
    dropEntries: write(dropEntriesStatement, decodeCount),
    touch: makeMethod(layout, runner.writeUnseen)(touchStatement, () => undefined),
    count: read(countStatement, decodeCount),
    usage: read(usageStatement, decodeUsage)
  })
}
