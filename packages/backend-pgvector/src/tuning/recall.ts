/** Measures what share of the nearest rows a scope's vector index finds, with the store's own searches. */
import { ANY, type Scope } from "@keepsake/core/driver"
import { findsEnough, MEASURED_LIMIT, type TunedScope } from "../codec/tunedScope.ts"
import { toNumbers } from "../codec/values.ts"
import type { DbSession, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import { embeddingColumn, type StatementLayout } from "../schema/EmbeddingColumns.ts"
import { scopeId } from "../scopeId.ts"
import { searchStatement } from "../statements/search.ts"
import { decodeSearch } from "../statements/searchParts.ts"
import { tunedSearchStatement } from "../statements/tunedSearch.ts"

/** Rows of the scope that serve as questions. */
const QUESTIONS = 100
/** From a sixteenth of the lists on, half as many more at each try, up to half of them. */
const FIRST_SHARE = 1 / 16
const STEP = 1.5

/** Vectors of rows and passages, the same at each measurement of the same rows. */
const questionsStatement = ({ names, space }: StatementLayout, scope: Scope): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  const vector = embeddingColumn(space)
  return p.statement(
    "questions",
    `select question.vector from (
  select id, 0 as number, ${vector}::real[] as vector from ${names.table("memories")}
  where scope = ${key} and valid_to is null and ${vector} is not null
  union all
  select id, number, ${vector}::real[] from ${names.table("passages")}
  where scope = ${key} and is_current and ${vector} is not null
) question
order by md5(question.id::text || question.number)
limit ${QUESTIONS}`
  )
}

interface Question {
  readonly vector: Float32Array
  /** Ids of its nearest rows, by comparing all. */
  readonly nearest: ReadonlySet<string>
}

const toRequest = (scope: Scope, vector: Float32Array) => ({
  scope,
  // Nothing has expired by then.
  now: 0,
  parts: [{ vector }],
  filter: ANY,
  limit: MEASURED_LIMIT
})

const search = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope,
  vector: Float32Array,
  tuned: TunedScope | null
) => {
  const request = toRequest(scope, vector)
  const statement =
    tuned === null ? searchStatement(layout, request) : tunedSearchStatement(layout, request, tuned)
  const { hits, plan } = decodeSearch(await session.query(statement), request, layout).result
  return { ids: hits.map(({ facts }) => facts.id), way: plan.way }
}

/** The share that the index finds. A question that it leaves to an exact search counts as not found. */
const measureWith = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope,
  questions: ReadonlyArray<Question>,
  tuned: TunedScope
): Promise<number> => {
  let [found, expected] = [0, 0]
  for (const { nearest, vector } of questions) {
    const { ids, way } = await search(session, layout, scope, vector, { ...tuned, recall: null })
    if (way === "tuned") found += ids.filter((id) => nearest.has(id)).length
    expected += nearest.size
  }
  return expected === 0 ? 0 : found / expected
}

/** How many lists to try reading. */
const probesToTry = (lists: number): ReadonlyArray<number> => {
  const tries: Array<number> = []
  for (let share = FIRST_SHARE; share <= 1 / 2; share *= STEP) tries.push(Math.ceil(lists * share))
  return [...new Set(tries)]
}

/** `onQuestion` runs after each exact search. */
export const measureRecall = async (
  session: DbSession,
  layout: StatementLayout,
  scope: Scope,
  { lists, rows }: { readonly lists: number | null; readonly rows: number },
  onQuestion: (done: number, total: number) => void
): Promise<TunedScope> => {
  const vectors = (await session.query(questionsStatement(layout, scope))).map(([vector]) =>
    Float32Array.from(toNumbers(vector))
  )
  const questions: Array<Question> = []
  for (const vector of vectors) {
    const { ids } = await search(session, layout, scope, vector, null)
    questions.push({ vector, nearest: new Set(ids) })
    onQuestion(questions.length, vectors.length)
  }
  let best: TunedScope = { lists, probes: null, recall: 0, measuredRows: rows }
  for (const probes of lists === null ? [null] : probesToTry(lists)) {
    const tuned = { ...best, probes }
    best = { ...tuned, recall: await measureWith(session, layout, scope, questions, tuned) }
    if (findsEnough(best)) break
  }
  return best
}
