/** Search by brute force: the oracle of every other store's search. */
import { matches } from "../../memory/Condition.ts"
import { type InMemoryData, scopeRows } from "./inMemoryData.ts"
import { isCurrent, isVisible } from "../../memory/lifetime.ts"
import type {
  AroundRequest,
  AroundRow,
  SearchHit,
  SearchRequest,
  SearchResult,
  StoreRow
} from "../MemoryStore.ts"
import { idf, type Terms } from "../../text/bm25.ts"

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

const termWeight = (terms: Terms, id: number): number => {
  const at = terms.ids.indexOf(id)
  return at < 0 ? 0 : (terms.weights[at] ?? 0)
}

const cosineWith = (row: StoreRow, vector: Float32Array | undefined): number | null =>
  vector === undefined || row.vector === null ? null : dot(vector, row.vector)

/** The `limit` hits of highest score, those without one left out; ties: by id. */
const best = (
  hits: ReadonlyArray<SearchHit>,
  limit: number,
  score: (hit: SearchHit) => number | null
): ReadonlyArray<SearchHit> =>
  hits
    .flatMap((hit) => {
      const value = score(hit)
      return value === null ? [] : [{ hit, value }]
    })
    .sort((a, b) => b.value - a.value || (a.hit.memory.id < b.hit.memory.id ? -1 : 1))
    .slice(0, limit)
    .map(({ hit }) => hit)

export const searchRows = (data: InMemoryData, request: SearchRequest): SearchResult => {
  const { asOf, filter, limit, now, scope, terms, vector } = request
  const rows = Array.from(scopeRows(data, scope).values())
  const currentRows = rows.filter(({ memory }) => isCurrent(memory))
  const n = currentRows.length
  const queryTerms = Array.from(terms ?? [])
  const df = queryTerms.map((id) => currentRows.filter((row) => row.terms.ids.includes(id)).length)
  const scoreTerms = (row: StoreRow): number =>
    queryTerms.reduce((sum, id, i) => sum + idf(n, df[i] ?? 0) * termWeight(row.terms, id), 0)
  const scored = rows
    .filter(({ memory }) => isVisible(memory, now, asOf) && matches(filter, memory))
    .map((row): SearchHit => ({ memory: row.memory, cosine: cosineWith(row, vector), bm25: scoreTerms(row) }))
  const hits = new Set([
    ...best(scored, limit, (hit) => hit.cosine),
    ...best(scored, limit, (hit) => (hit.bm25 > 0 ? hit.bm25 : null))
  ])
  const byWordsAlone =
    data.fingerprint?.embedding == null ? 0 : currentRows.filter((row) => row.vector === null).length
  return { hits: Array.from(hits), n, df, plan: { way: "exact", byWordsAlone } }
}

export const rowsAround = (data: InMemoryData, request: AroundRequest): ReadonlyArray<AroundRow> => {
  const { anchors, asOf, now, radius, scope, vector } = request
  const near = ({ sessionId, turn }: StoreRow["memory"]): boolean =>
    turn !== null &&
    anchors.some((anchor) => anchor.sessionId === sessionId && Math.abs(anchor.turn - turn) <= radius)
  return Array.from(scopeRows(data, scope).values())
    .filter(({ memory }) => isVisible(memory, now, asOf) && near(memory))
    .map((row): AroundRow => ({ memory: row.memory, cosine: cosineWith(row, vector) }))
}
