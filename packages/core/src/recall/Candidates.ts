/** The rows that may be an answer, of which as few texts as possible are read. */
import type { Excerpt, RowFacts } from "../store/searching.ts"
import { type Evidence, countPhrases, type RowText } from "./features.ts"
import { arrange, type Arranged } from "./order/arrange.ts"
import { descending, type ReadEvidence } from "./readEvidence.ts"
import { toRerankPart } from "./rerank/combine.ts"
import { type Explanation, probability } from "./Scorer.ts"

/** A row whose score is exact. */
export interface Winner {
  readonly row: Evidence
  readonly score: number
  readonly phrases: number
  readonly text: RowText
  /** The reranker's part of its logit; `null` where none has judged it. */
  readonly rerank: number | null
}

const bySaid = (a: RowFacts, b: RowFacts): number =>
  a.saidAt - b.saidAt || (a.turn ?? 0) - (b.turn ?? 0) || (a.id < b.id ? -1 : 1)

/** Highest score first; ties: oldest first. */
const byScore = (a: Winner, b: Winner): number =>
  descending(a.score, b.score) || bySaid(a.row.facts, b.row.facts)

/** Puts a winner into its place among those before it. */
const insert = (winners: Array<Winner>, winner: Winner): void => {
  let at = winners.length
  winners.push(winner)
  for (let before = winners[at - 1]; before !== undefined && byScore(winner, before) < 0;) {
    winners[at--] = before
    before = winners[at - 1]
  }
  winners[at] = winner
}

/** Rows beside each winner that the order of the answer may bring in. */
const RUNNERS_UP = 2

/** Which rows are wanted. */
interface Wanted {
  readonly limit: number
  readonly minScore: number
}

/**
 * Ranks by exact scores. Only the phrases of a score need a text: rows are taken in the order of their ceilings, until
 * no ceiling that is left reaches the last winner.
 */
export class Candidates {
  readonly #evidence: ReadEvidence
  #wanted: Wanted
  /** By their ceilings. */
  #ranked: ReadonlyArray<Evidence>
  #winners: ReadonlyArray<Winner> = []
  #unread: ReadonlyArray<Evidence> = []
  /** Once they are asked for, until more texts are read. */
  #answers: ReadonlyArray<Arranged<Winner>> | null = null

  constructor(evidence: ReadEvidence, wanted: Wanted) {
    const { rows } = evidence
    this.#evidence = evidence
    this.#wanted = wanted
    for (const row of rows) row.ceiling = probability(row.ceiling)
    this.#ranked = rows
      .filter(({ ceiling }) => ceiling >= wanted.minScore)
      .sort((a, b) => descending(a.ceiling, b.ceiling))
    this.#select()
  }

  /** The rows in the order of the answer: the winners, and rows that follow them or fill the places of copies. */
  answers(): ReadonlyArray<Arranged<Winner>> {
    return (this.#answers ??= this.#arrange())
  }

  #arrange(): ReadonlyArray<Arranged<Winner>> {
    const { limit, minScore } = this.#wanted
    const winners = new Map(this.#winners.map((winner) => [winner.row, winner]))
    // Without winners to spare, there is no row beside them.
    const rest = winners.size < limit ? [] : this.#runnersUp(winners)
    const score = (row: Evidence): Winner | null => {
      const winner = winners.get(row) ?? this.#score(row)
      return winner === null || winner.score < minScore ? null : winner
    }
    return arrange([...winners.keys(), ...rest], this.#evidence, limit, score)
  }

  /** Rows after the winners whose texts are read, by their ceilings. */
  #runnersUp(winners: ReadonlyMap<Evidence, Winner>): ReadonlyArray<Evidence> {
    const most = RUNNERS_UP * this.#wanted.limit
    const rows: Array<Evidence> = []
    for (const row of this.#ranked) {
      if (rows.length === most) break
      if (row.text !== null && !winners.has(row)) rows.push(row)
    }
    return rows
  }

  /** The rows that may still win, and whose texts are not read. */
  unread(): ReadonlyArray<Evidence> {
    return this.#unread
  }

  /** Takes in texts. */
  read(excerpts: ReadonlyArray<Excerpt>): void {
    if (excerpts.length === 0) return
    for (const excerpt of excerpts) this.#evidence.read(excerpt)
    this.#select()
  }

  /** The best rows by score, the highest first. */
  winners(): ReadonlyArray<Winner> {
    return this.#winners
  }

  /** The part of the message that a row answers, as it was asked. */
  question({ row }: Winner): string {
    return this.#evidence.parts[row.part]?.query.asked ?? ""
  }

  /**
   * Takes in what a reranker says of each winner, as logits. Other rows are no answers: what was not judged must not
   * stand before what was judged and found wanting.
   */
  rerank(judged: ReadonlyArray<number>, wanted: Wanted): void {
    const { scorer } = this.#evidence
    this.#winners = this.#winners
      .flatMap((winner, i): ReadonlyArray<Winner> => {
        const own = scorer.logit(winner.row, winner.phrases)
        const rerank = toRerankPart(own, judged[i] ?? own)
        const score = probability(own + rerank)
        return score < wanted.minScore ? [] : [{ ...winner, rerank, score }]
      })
      .sort(byScore)
    this.#wanted = wanted
    this.#ranked = []
    this.#unread = []
    this.#answers = null
  }

  explain({ phrases, rerank, row }: Winner): Explanation {
    const { logit, parts } = this.#evidence.scorer.explain(row, phrases)
    return rerank === null ? { logit, parts } : { logit: logit + rerank, parts: { ...parts, rerank } }
  }

  #select(): void {
    const { limit, minScore } = this.#wanted
    const winners: Array<Winner> = []
    const unread: Array<Evidence> = []
    let last = Number.NEGATIVE_INFINITY
    for (const row of this.#ranked) {
      if (row.ceiling < last) break
      const winner = this.#score(row)
      if (winner === null) unread.push(row)
      else if (winner.score >= minScore) {
        insert(winners, winner)
        if (winners.length >= limit) {
          winners.length = limit
          last = winners[limit - 1]?.score ?? last
        }
      }
    }
    this.#winners = winners
    this.#answers = null
    this.#unread = unread
  }

  /** `null` while the text is not read. */
  #score(row: Evidence): Winner | null {
    const { parts, scorer, sequences } = this.#evidence
    const { ceiling, text } = row
    const query = parts[row.part]?.query
    if (text === null || query === undefined) return null
    if (row.phrasesMax === 0) return { row, score: ceiling, phrases: 0, text, rerank: null }
    // The phrases are those of the words that were found.
    const phrases =
      row.passage === row.worded
        ? countPhrases(query, row, sequences.read(text.excerpt.memory.content, query.tokeniser))
        : 0
    return { row, score: probability(scorer.logit(row, phrases)), phrases, text, rerank: null }
  }
}
