import {
  type Erasure,
  type ListRequest,
  type Memory,
  MemoryStore,
  type Page,
  type PutOutcome,
  type Removal,
  type Scope,
  type SearchHit,
  type SearchRequest,
  type StoreRow
} from "@keepsake/core/driver"
import { Effect } from "effect"
import { vectorFromText } from "./codec/vectorColumn.ts"
import type { Row } from "./connection/Database.ts"
import type { StatementRunner } from "./connection/StatementRunner.ts"
import { MEMORY_WIDTH, readMemory } from "./codec/memoryRow.ts"
import type { StatementLayout } from "./schema/EmbeddingColumns.ts"
import { patchStatement, removeStatement, touchStatement } from "./statements/change.ts"
import { putStatement, supersedeStatement } from "./statements/put.ts"
import {
  aroundStatement,
  countStatement,
  getStatement,
  lastTurnStatement,
  latestStatement,
  listStatement,
  speakersStatement
} from "./statements/read.ts"
import { searchStatement } from "./statements/search.ts"
import { SEARCH_COLUMNS } from "./statements/searchParts.ts"
import { tunedSearchStatement } from "./statements/tunedSearch.ts"
import type { Tuning } from "./tuning/tuning.ts"

/** What a DELETE does in PostgreSQL, and what ends the rest. */
export const ERASURE: Erasure = {
  bytes: "unlinked",
  toErase:
    "PostgreSQL keeps deleted text in its files: run `vacuum full` on keepsake's tables (PgVectorAdmin.eraseBytes does), then `checkpoint`; write-ahead logs, replicas and backups hold it until they are recycled."
}

const OUTCOMES: ReadonlySet<unknown> = new Set(["created", "refreshed", "reopened"])
const isOutcome = (value: unknown): value is PutOutcome => OUTCOMES.has(value)
const outcomeOf = (value: unknown): PutOutcome => (isOutcome(value) ? value : "conflict")

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null)
const numbers = (value: unknown): ReadonlyArray<number> => (Array.isArray(value) ? value.map(Number) : [])

export const removalOf = (rows: ReadonlyArray<Row>): Removal => ({
  removed: Number(rows[0]?.[0] ?? 0),
  ...ERASURE
})

const searchResult = (rows: ReadonlyArray<Row>, scope: Scope) => {
  const last = rows.at(-1) ?? []
  const hits = rows.slice(0, -1).map((row): SearchHit => ({
    memory: readMemory(row, scope),
    cosine: numberOrNull(row[SEARCH_COLUMNS.cosine]),
    bm25: Number(row[SEARCH_COLUMNS.bm25])
  }))
  return {
    result: { hits, n: Number(last[SEARCH_COLUMNS.n]), df: numbers(last[SEARCH_COLUMNS.df]) },
    tuned: last[SEARCH_COLUMNS.tuned] === true
  }
}

const readRow = (row: Row, scope: Scope): StoreRow => {
  const vector = row[MEMORY_WIDTH + 2]
  return {
    memory: readMemory(row, scope),
    terms: {
      ids: Uint32Array.from(numbers(row[MEMORY_WIDTH]), (id) => id >>> 0),
      weights: Float32Array.from(numbers(row[MEMORY_WIDTH + 1]))
    },
    vector: typeof vector === "string" ? vectorFromText(vector) : null
  }
}

const pageOf = <A>(rows: ReadonlyArray<A>, limit: number, memoryOf: (row: A) => Memory): Page<A> => {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit && last !== undefined
  return { rows: shown, next: more ? { createdAt: memoryOf(last).createdAt, id: memoryOf(last).id } : null }
}

export const makeStore = (
  layout: StatementLayout,
  runner: StatementRunner,
  tuning: Tuning
): MemoryStore["Service"] => {
  const memories = (rows: ReadonlyArray<Row>, scope: Scope): ReadonlyArray<Memory> =>
    rows.map((row) => readMemory(row, scope))

  const list = <A>(
    request: ListRequest,
    spaces: boolean,
    read: (row: Row, scope: Scope) => A,
    memoryOf: (row: A) => Memory
  ) =>
    runner
      .read(request.scope, () => listStatement(layout, request, spaces))
      .pipe(
        Effect.map((rows) =>
          pageOf(
            rows.map((row) => read(row, request.scope)),
            request.limit,
            memoryOf
          )
        )
      )

  const search = (request: SearchRequest) =>
    Effect.gen(function* () {
      const plan = tuning.planFor(request)
      yield* Effect.annotateCurrentSpan({ "keepsake.pgvector.plan": plan })
      const statement = plan === "hnsw" ? tunedSearchStatement : searchStatement
      const rows = yield* runner.read(request.scope, () => statement(layout, request))
      const { result, tuned } = searchResult(rows, request.scope)
      yield* tuning.noticed(request.scope, tuned, result.n)
      return result
    })

  return MemoryStore.of({
    put: (request) =>
      request.rows.length === 0
        ? Effect.succeed([])
        : Effect.map(
            runner.write(request.scope, () => putStatement(layout, request)),
            (rows) => {
              const outcomes = new Map(rows.map((row) => [row[0], row[1]]))
              return request.rows.map(({ memory: { id } }) => ({ id, outcome: outcomeOf(outcomes.get(id)) }))
            }
          ),

    get: (request) =>
      Effect.map(
        runner.read(request.scope, () => getStatement(layout, request)),
        (rows) => memories(rows, request.scope)
      ),

    search,

    around: (request) =>
      Effect.map(
        runner.read(request.scope, () => aroundStatement(layout, request)),
        (rows) =>
          rows.map((row) => ({
            memory: readMemory(row, request.scope),
            cosine: numberOrNull(row[MEMORY_WIDTH])
          }))
      ),

    speakers: (request) =>
      Effect.map(
        runner.read(request.scope, () => speakersStatement(layout, request)),
        (rows) => rows.map((row) => String(row[0]))
      ),

    lastTurn: (request) =>
      Effect.map(
        runner.read(request.scope, () => lastTurnStatement(layout, request)),
        (rows) => numberOrNull(rows[0]?.[0])
      ),

    list: (request) => list(request, false, readMemory, (memory) => memory),

    listRows: (request) => list(request, true, readRow, (row) => row.memory),

    latest: (request) =>
      Effect.map(
        runner.read(request.scope, () => latestStatement(layout, request)),
        (rows) => memories(rows, request.scope)
      ),

    patch: (request) =>
      Effect.map(
        runner.write(request.scope, () => patchStatement(layout, request)),
        (rows) => memories(rows, request.scope)[0] ?? null
      ),

    supersede: (request) =>
      Effect.map(
        runner.write(request.scope, () => supersedeStatement(layout, request)),
        (rows) => ({ outcome: outcomeOf(rows[0]?.[0]), closed: rows[0]?.[1] === true })
      ),

    remove: ({ scope, target }) => {
      const statement = () => removeStatement(layout, { scope, target })
      const run = target._tag === "Ids" ? runner.write : runner.writeAll
      return Effect.map(run(scope, statement), removalOf)
    },

    touch: (request) => Effect.asVoid(runner.write(request.scope, () => touchStatement(layout, request))),

    count: (request) =>
      Effect.map(
        runner.read(request.scope, () => countStatement(layout, request)),
        (rows) => Number(rows[0]?.[0])
      )
  })
}
