/** Relevance as a calibrated probability: a logistic over absolute features of the query and the memory. */
import type { Fingerprint } from "./Fingerprint.ts"
import type { SearchHit, SearchResult } from "./MemoryStore.ts"
import { idf, tokenise, termId } from "./terms.ts"

/** A feature's share of the score, in logits: the parts add up to `logit`, and `score` is `1/(1 + e^−logit)`. */
export interface Explanation {
  readonly logit: number
  readonly parts: { readonly [feature: string]: number }
}

export interface QueryProfile {
  readonly n: number
  readonly idfs: ReadonlyMap<number, number>
  readonly mass: number
  readonly norm: number
  readonly fingerprint: Fingerprint
}

export const queryProfile = (
  _query: string,
  terms: Uint32Array,
  found: SearchResult,
  fingerprint: Fingerprint
): QueryProfile => {
  const idfs = new Map<number, number>()
  let mass = 0
  let square = 0
  terms.forEach((id, i) => {
    const smooth = 1 + Math.log((found.n + 1) / ((found.df[i] ?? 0) + 1))
    idfs.set(id, smooth)
    mass += idf(found.n, found.df[i] ?? 0)
    square += smooth * smooth
  })
  return { n: found.n, idfs, mass, norm: Math.sqrt(square) || 1, fingerprint }
}

const WEIGHTS = { bias: -6.3, t: 11, coverage: 4.4, bm25: -8.5, cosine: 4.3, user: 1.5 }

/** The parts of one hit's score. */
export const explainHit = (query: QueryProfile, hit: SearchHit, _now: number): Explanation => {
  const counts = new Map<number, number>()
  for (const token of tokenise(hit.memory.content)) {
    const id = termId(token)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  let square = 0
  for (const count of counts.values()) square += (1 + Math.log(count)) ** 2
  let shared = 0
  let covered = 0
  let total = 0
  for (const [id, weight] of query.idfs) {
    const count = counts.get(id)
    total += weight
    if (count === undefined) continue
    shared += weight * weight * (1 + Math.log(count))
    covered += weight
  }
  const parts = {
    bias: WEIGHTS.bias,
    words: WEIGHTS.t * (shared / (query.norm * (Math.sqrt(square) || 1)) / 5),
    coverage: WEIGHTS.coverage * (total === 0 ? 0 : covered / total),
    bm25: WEIGHTS.bm25 * (query.mass === 0 ? 0 : Math.min(1, hit.bm25 / (query.mass * 2.2))),
    meaning: WEIGHTS.cosine * Math.max(0, hit.cosine ?? 0),
    source: hit.memory.source === "user" ? WEIGHTS.user : 0,
    scopeSize: 0.5 * Math.log(600 / Math.max(1, query.n))
  }
  return { logit: Object.values(parts).reduce((a, b) => a + b), parts }
}
