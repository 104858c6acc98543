/** Searches by brute force over plain lists, for a driver that holds a scope in memory; and every other store's oracle. */
import { matches } from "../../memory/Condition.ts"
import { isCurrent, isExpired, isVisible } from "../../memory/lifetime.ts"
import type {
  AroundRequest,
  AroundRow,
  Excerpt,
  ExcerptsRequest,
  SearchHit,
  SearchRequest,
  SearchResult
} from "../searching.ts"
import { lacksVector, type StoreRow } from "../StoreRow.ts"
import { toExcerpt, toFacts } from "../excerpts.ts"
import type { LatestRequest } from "../MemoryStore.ts"
import { toBm25, toEvidence, weighPart } from "./evidence.ts"
import { latestRows } from "./pages.ts"

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
    .sort((a, b) => b.value - a.value || (a.hit.facts.id < b.hit.facts.id ? -1 : 1))
    .slice(0, limit)
    .map(({ hit }) => hit)

/** Searches the rows of a scope; `hasEmbedder` says whether the store's fingerprint has one. */
export const searchRows = (
  scopeRows: Iterable<StoreRow>,
  request: SearchRequest,
  hasEmbedder: boolean
): SearchResult => {
  const { asOf, filter, limit, now, parts } = request
  const rows = Array.from(scopeRows)
  const currentRows = rows.filter(({ memory }) => isCurrent(memory))
  const passages = currentRows.flatMap((row) => row.passages)
  const weighed = parts.map((part) => weighPart(part, passages))
  const scored = rows
    .filter(({ memory }) => isVisible(memory, now, asOf) && matches(filter, memory))
    .map((row): SearchHit => ({
      facts: toFacts(row.memory),
      parts: weighed.map(({ part }) => toEvidence(part, row))
    }))
  const hits = weighed.flatMap(({ part }, i) => [
    ...best(scored, limit, (hit) => hit.parts[i]?.cosine ?? null),
    ...best(scored, limit, (hit) => {
      const evidence = hit.parts[i]
      const score = evidence === undefined ? 0 : toBm25(part, evidence)
      return score > 0 ? score : null
    })
  ])
  return {
    hits: Array.from(new Set(hits)),
    n: passages.length,
    df: weighed.map(({ df }) => df),
    plan: {
      way: "exact",
      byWordsAlone: hasEmbedder ? currentRows.filter(lacksVector).length : 0
    }
  }
}

/** A passage of a row by its index; `null` where there is none. */
const excerptOf = ({ memory, passages }: StoreRow, index: number): Excerpt | null => {
  const passage = passages[index]
  if (passage === undefined) return null
  const { end, start, vector } = passage
  return toExcerpt(memory, { passage: index, passages: passages.length, start, end }, vector)
}

/** The rows that `latest` asks for, by their first passages. */
export const latestExcerpts = (rows: Iterable<StoreRow>, request: LatestRequest): ReadonlyArray<Excerpt> =>
  latestRows(rows, request).flatMap((row) => {
    const excerpt = excerptOf(row, 0)
    return excerpt === null ? [] : [withoutVector(excerpt)]
  })

const withoutVector = (excerpt: Excerpt): Excerpt => ({ ...excerpt, vector: null })

/** The rows of a scope that `around` asks for. */
export const rowsAround = (rows: Iterable<StoreRow>, request: AroundRequest): ReadonlyArray<AroundRow> => {
  const { anchors, asOf, filter, now, parts, radius } = request
  const near = ({ sessionId, turn }: StoreRow["memory"]): boolean =>
    turn !== null &&
    anchors.some((anchor) => anchor.sessionId === sessionId && Math.abs(anchor.turn - turn) <= radius)
  return Array.from(rows)
    .filter(({ memory }) => isVisible(memory, now, asOf) && near(memory))
    .flatMap((row): ReadonlyArray<AroundRow> => {
      const evidence = parts.map((part) => toEvidence(part, row))
      const excerpt = excerptOf(row, evidence[0]?.worded ?? 0)
      if (excerpt === null) return []
      const passes = matches(filter, row.memory)
      return [{ facts: toFacts(row.memory), parts: evidence, passes, excerpt: withoutVector(excerpt) }]
    })
}

/** The passages that `excerpts` asks for; `rowOf` finds a row of the scope. */
export const readExcerpts = (
  rowOf: (id: string) => StoreRow | undefined,
  request: ExcerptsRequest
): ReadonlyArray<Excerpt> => {
  const { now, part = {}, rows, vectors = false } = request
  return rows.flatMap(({ id, passage }) => {
    const row = rowOf(id)
    if (row === undefined || isExpired(row.memory, now)) return []
    const excerpt = excerptOf(row, passage ?? toEvidence(part, row).worded)
    if (excerpt === null) return []
    return [vectors ? excerpt : withoutVector(excerpt)]
  })
}
