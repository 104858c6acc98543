/** What a row holds of a question, by brute force. */
import { idf, type Terms } from "../../text/bm25.ts"
import type { PartEvidence, QueryPart, WeighedPart } from "../searching.ts"
import type { Passage, StoreRow } from "../StoreRow.ts"
import { dot } from "../vectors.ts"

const termWeight = (terms: Terms, id: number): number => {
  const at = terms.ids.indexOf(id)
  return at < 0 ? 0 : (terms.weights[at] ?? 0)
}

/** The index of the greatest number, the first of equal ones; -1 if all are `null`. */
const argMax = (numbers: ReadonlyArray<number | null>): number =>
  numbers.reduce<number>((best, number, i) => {
    const greatest = numbers[best] ?? Number.NEGATIVE_INFINITY
    return number !== null && number > greatest ? i : best
  }, -1)

const scorePassage = ({ idfs, terms = new Uint32Array() }: WeighedPart, passage: Passage): number =>
  terms.reduce((sum, id, i) => sum + (idfs?.[i] ?? 1) * termWeight(passage.terms, id), 0)

/** What the passages of a row hold of a part. */
export const toEvidence = (part: WeighedPart, { passages }: StoreRow): PartEvidence => {
  const { terms, vector } = part
  const cosines = passages.map((passage) =>
    vector === undefined || passage.vector === null ? null : dot(vector, passage.vector)
  )
  const scores = passages.map((passage) => scorePassage(part, passage))
  const nearest = Math.max(0, argMax(cosines))
  const best = argMax(scores)
  const worded = (scores[best] ?? 0) > 0 ? best : nearest
  const passage = passages[worded] ?? passages[0]
  return {
    cosine: cosines[nearest] ?? null,
    nearest,
    worded,
    weights: Float32Array.from(terms ?? [], (id) => termWeight(passage.terms, id)),
    length: passage.terms.length,
    norm: passage.terms.norm
  }
}

/** Σ idf·weight of the best passage; 0 if no term is shared. */
export const toBm25 = ({ idfs }: WeighedPart, { weights }: PartEvidence): number =>
  weights.reduce((sum, weight, i) => sum + (idfs?.[i] ?? 1) * weight, 0)

/** A part with the IDF of its terms over these passages, and how many of them hold each. */
export const weighPart = (part: QueryPart, passages: ReadonlyArray<Passage>) => {
  const df = Array.from(
    part.terms ?? [],
    (id) => passages.filter(({ terms }) => terms.ids.includes(id)).length
  )
  return { df, part: { ...part, idfs: Float64Array.from(df, (count) => idf(passages.length, count)) } }
}
