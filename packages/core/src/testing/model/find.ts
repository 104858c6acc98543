/** Searches as most laws make them: one part, with the memories of the hits. */
import * as Effect from "effect/Effect"
import { chunksOf } from "effect/Array"
import { ANY, type Condition } from "../../memory/Condition.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { MemoryError } from "../../memory/MemoryError.ts"
import type { Scope } from "../../memory/Scope.ts"
import { type MemoryStore, STORE_LIMITS } from "../../store/MemoryStore.ts"
import type { Anchor, PartEvidence, RowFacts, SearchPlan, SearchResult } from "../../store/searching.ts"
import { idf } from "../../text/bm25.ts"

type Store = MemoryStore["Service"]

/** A search of one part. */
export interface Question {
  readonly scope: Scope
  readonly now: number
  readonly asOf?: number | undefined
  readonly vector?: Float32Array | undefined
  readonly terms?: Uint32Array | undefined
  readonly filter?: Condition | undefined
  readonly limit: number
  readonly exact?: boolean | undefined
}

/** A hit with its memory, read by id. */
export interface Found {
  readonly memory: Memory
  readonly facts: RowFacts
  readonly evidence: PartEvidence
  readonly cosine: number | null
  /** Σ idf·weight of the best passage. */
  readonly bm25: number
}

/** What a search of one part found. */
export interface Findings {
  readonly hits: ReadonlyArray<Found>
  readonly n: number
  readonly df: ReadonlyArray<number>
  readonly plan: SearchPlan
}

/** Σ idf·weight of what a hit holds of a part, by the counts of its search. */
export const toScore = ({ df, n }: SearchResult, part: number, { weights }: PartEvidence): number =>
  weights.reduce((sum, weight, i) => sum + idf(n, df[part]?.[i] ?? 0) * weight, 0)

/** Searches, and reads the memories of the hits; one that was removed in between is left out. */
export const find = Effect.fnUntraced(function* (
  store: Pick<Store, "search" | "get">,
  question: Question
): Effect.fn.Return<Findings, MemoryError> {
  const { filter = ANY, terms, vector, ...request } = question
  const result = yield* store.search({ ...request, filter, parts: [{ vector, terms }] })
  const memories = new Map<string, Memory>()
  for (const hits of chunksOf(result.hits, STORE_LIMITS.batch)) {
    const ids = hits.map(({ facts }) => facts.id)
    for (const memory of yield* store.get({ scope: request.scope, now: request.now, ids })) {
      memories.set(memory.id, memory)
    }
  }
  return {
    hits: result.hits.flatMap(({ facts, parts }): ReadonlyArray<Found> => {
      const [memory, evidence] = [memories.get(facts.id), parts[0]]
      if (memory === undefined || evidence === undefined) return []
      const bm25 = toScore(result, 0, evidence)
      return [{ memory, facts, evidence, cosine: evidence.cosine, bm25 }]
    }),
    n: result.n,
    df: result.df[0] ?? [],
    plan: result.plan
  }
})

/** Turns near anchors, with the cosine of one vector; the filter is that of all rows. */
export const findAround = (
  store: Pick<Store, "around">,
  request: {
    readonly scope: Scope
    readonly now: number
    readonly asOf?: number | undefined
    readonly anchors: ReadonlyArray<Anchor>
    readonly radius: number
    readonly vector?: Float32Array | undefined
  }
) => {
  const { vector, ...place } = request
  return Effect.map(store.around({ ...place, filter: ANY, parts: [{ vector }] }), (rows) =>
    rows.map(({ excerpt, facts, parts }) => ({
      memory: excerpt.memory,
      facts,
      cosine: parts[0]?.cosine ?? null
    }))
  )
}
