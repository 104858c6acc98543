import { Effect } from "effect"
import type { Embedder } from "./Embedder.ts"
import type { Filter } from "./Filter.ts"
import type { Fingerprint } from "./Fingerprint.ts"
import type { Memory } from "./Memory.ts"
import { invalidInput, type MemoryError } from "./MemoryError.ts"
import { type MemoryStore, STORE_LIMITS } from "./MemoryStore.ts"
import type { Scope } from "./Scope.ts"
import { type Explanation, explainHit, queryProfile } from "./scoring.ts"
import { queryTerms } from "./terms.ts"

export interface Recollection {
  readonly memory: Memory
  /** 0 to 1: about the share of such memories that answer such a query. Decides order and cut. */
  readonly score: number
  readonly explain: Explanation
}

export interface RecallOptions extends Filter {
  /** How many at the most; 1 to 100, 10 when absent. */
  readonly limit?: number | undefined
  /** Least score, 0 to 1. */
  readonly threshold?: number | undefined
  /** Recall what was so then, in epoch milliseconds. */
  readonly asOf?: number | undefined
}

export const RECALL_LIMIT_MAX = 100
export const DEFAULT_THRESHOLD = 0.1
const CANDIDATES = 100

/** Query to scored, thresholded memories: one embedding, one store search. */
export interface Retriever {
  recall(request: {
    readonly scope: Scope
    readonly now: number
    readonly query: string
    readonly options: RecallOptions
  }): Effect.Effect<ReadonlyArray<Recollection>, MemoryError>
}

const checked = (query: string, { limit, threshold, asOf }: RecallOptions): MemoryError | undefined => {
  if (typeof query !== "string" || query.trim() === "")
    return invalidInput("query", "is empty; say what to look for")
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= RECALL_LIMIT_MAX)) {
    return invalidInput(
      "limit",
      `${limit} is not a whole number from 1 to ${RECALL_LIMIT_MAX}; use list to read everything`
    )
  }
  if (threshold !== undefined && !(threshold >= 0 && threshold <= 1)) {
    return invalidInput("threshold", `${threshold} is not between 0 and 1; a score is a probability`)
  }
  return asOf === undefined || Number.isSafeInteger(asOf)
    ? undefined
    : invalidInput("asOf", "give epoch milliseconds")
}

export const makeRetriever = (
  store: MemoryStore["Service"],
  embedder: Embedder["Service"] | null,
  fingerprint: Fingerprint
): Retriever => ({
  recall: Effect.fnUntraced(function* ({ now, options, query, scope }) {
    const problem = checked(query, options)
    if (problem !== undefined) return yield* problem
    const { asOf, limit = 10, threshold = DEFAULT_THRESHOLD, ...filter } = options
    const terms = queryTerms(query).slice(0, STORE_LIMITS.queryTerms)
    const vector = embedder === null ? undefined : (yield* embedder.embed([query], "query"))[0]
    const found = yield* store.search({ scope, now, asOf, vector, terms, filter, limit: CANDIDATES })
    const profile = queryProfile(query, terms, found, fingerprint)
    return found.hits
      .map((hit): Recollection => {
        const explain = explainHit(profile, hit, now)
        return { memory: hit.memory, score: 1 / (1 + Math.exp(-explain.logit)), explain }
      })
      .filter(({ score }) => score >= threshold)
      .sort(
        (a, b) =>
          b.score - a.score || a.memory.saidAt - b.memory.saidAt || (a.memory.id < b.memory.id ? -1 : 1)
      )
      .slice(0, limit)
  })
})
