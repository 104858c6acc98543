/** Which of a recall's best rows follow which. */
import { type Evidence, heldUnder } from "../features.ts"
import type { Query, QueryWeights } from "../query.ts"
import type { SessionNeighbours } from "../SessionNeighbours.ts"
import { toSource } from "../../text/speakerNames.ts"
import { timeMatch } from "../../text/timeHint.ts"
import { AskedWords } from "./AskedWords.ts"
import { CUE } from "../sentences/cues.ts"
import { follows, standsBehind, type Reason, SOME } from "./follows.ts"
import { FRAGMENT_CONTENT_MAX, TURNS_BACK } from "./fragment.ts"
import { isLater, leastOf, Pair, speaksForIt, type Stated, turnsBetween, type Wanted } from "./Pair.ts"
import type { ReadText, SentenceCache } from "../sentences/SentenceCache.ts"
import type { Sentence } from "../sentences/readSentences.ts"
import { Statement } from "./Statement.ts"

/** What a recall knows of a question, one part of a message perhaps, and of its candidates. */
export interface Read {
  readonly query: Query
  readonly weights: QueryWeights
  readonly neighbours: SessionNeighbours
  readonly sentences: SentenceCache
}

/** So many of the best may be followed, and of so many the follower may come from beyond them. */
const FOLLOWED_MAX = 10
const PULLED_MAX = 3
/** The share of what the best row holds of the asked words below which no row is read as an answer. */
const HOLDS_MIN = 0.6
/** What a weaker form of a word counts for in the search, where it counts whole here. */
const WEAK_SHARE = 0.6
/** Followers that are told. */
const TOLD_MAX = 3
/** More statements without a word of change recur, and replace nothing. */
const RECURRING = 4

/** The rows that stand before a row, by their places in the order of the scores. */
export interface Relations {
  /** What says it otherwise later, the latest first. */
  readonly followers: ReadonlyMap<number, ReadonlyArray<number>>
  /** The rule to which a row tells an exception. */
  readonly rules: ReadonlyMap<number, ReadonlyArray<number>>
}

const NONE: Relations = { followers: new Map(), rules: new Map() }

/** The text of a row that was read. */
export const readRow = (
  { text }: Evidence,
  { query, sentences }: Pick<Read, "query" | "sentences">
): ReadText | null => (text === null ? null : sentences.read(text.excerpt.memory.content, query.tokeniser))

/** The best rows as statements, each read once. */
class Statements {
  readonly #rows: ReadonlyArray<Evidence>
  readonly #read: Read
  readonly #asked: AskedWords
  readonly #known = new Map<number, Stated | null>()

  constructor(rows: ReadonlyArray<Evidence>, read: Read, asked: AskedWords) {
    this.#rows = rows
    this.#read = read
    this.#asked = asked
  }

  at(place: number): Stated | null {
    const known = this.#known.get(place)
    if (known !== undefined) return known
    const row = this.#rows[place]
    const text = row === undefined ? null : readRow(row, this.#read)
    const stated =
      row === undefined || text === null
        ? null
        : { facts: row.facts, statement: new Statement(text.sentences, this.#asked) }
    this.#known.set(place, stated)
    return stated
  }
}

/** Tells most pairs apart by what the search found of them, before a text is read. */
const mayFollow = (earlier: Evidence, later: Evidence, weights: QueryWeights): boolean => {
  const mask0 = earlier.mask0 & later.mask0
  const mask1 = earlier.mask1 & later.mask1
  const isFragment =
    later.length <= FRAGMENT_CONTENT_MAX && turnsBetween(earlier.facts, later.facts) <= TURNS_BACK
  // Asked of hundreds of pairs, most of which share no word.
  if (!isFragment && (mask0 | mask1) === 0) return false
  if (!isLater(earlier.facts, later.facts) || !speaksForIt(earlier.facts, later.facts, 0)) return false
  return isFragment || heldUnder(weights, mask0, mask1) >= WEAK_SHARE * SOME * earlier.held
}

/** What `timeMatch` gives for a day or a span that a question names. */
const NAMED_DAY = 2

/** Whether only the earlier was said when the question asks: "What did I decide yesterday?" wants no later day. */
const isOfAskedTime = ({ time }: Query, earlier: Evidence, later: Evidence): boolean =>
  timeMatch(time, earlier.facts.saidAt) >= NAMED_DAY && timeMatch(time, later.facts.saidAt) < NAMED_DAY

const isPlain = (reason: Reason): boolean => reason === "value" || reason === "restatement"

const latestFirst = (places: ReadonlyArray<number>, rows: ReadonlyArray<Evidence>): ReadonlyArray<number> =>
  places.toSorted((a, b) => {
    const [first, second] = [rows[a]?.facts, rows[b]?.facts]
    return first === undefined || second === undefined ? 0 : isLater(first, second) ? 1 : -1
  })

/** An answer that may age, and the rows that may follow it, by their places. */
interface MayAge {
  readonly place: number
  readonly later: ReadonlyArray<number>
}

/** The answers among the best rows, and what may follow each: as the search found them, no text being read. */
const findPairs = (rows: ReadonlyArray<Evidence>, { query, weights }: Read): ReadonlyArray<MayAge> => {
  const best = rows.slice(0, FOLLOWED_MAX)
  const greatest = best.reduce((most, { held }) => Math.max(most, held), 0)
  if (greatest === 0) return []
  const pairs: Array<MayAge> = []
  best.forEach((earlier, place) => {
    if (earlier.held < HOLDS_MIN * greatest) return
    const later: Array<number> = []
    const among = place < PULLED_MAX ? rows : best
    among.forEach((row, at) => {
      if (mayFollow(earlier, row, weights) && !isOfAskedTime(query, earlier, row)) later.push(at)
    })
    pairs.push({ place, later })
  })
  return pairs
}

/** The asked words right behind "which" or "what". */
const findChosen = (question: ReadonlyArray<Sentence>, asked: AskedWords): number =>
  question.reduce(
    (bits, { placed, tokens }) =>
      placed.reduce((sum, { at, cue }) => {
        const next = cue === CUE.asksWhich ? tokens[at + 1] : undefined
        return next === undefined ? sum : sum | asked.bitsOf(next)
      }, bits),
    0
  )

/** Whether a row may hold enough to be an answer, as far as the search says what its text holds. */
const mayAnswer = (row: Evidence | undefined, asked: AskedWords, least: number): boolean =>
  row !== undefined &&
  (row.passage !== row.worded || asked.weigh(asked.bitsUnder(row.mask0, row.mask1)) >= least)

/** Whether a later row may hold enough of an answer to follow it; a fragment holds nothing of it. */
const mayTakeUp = ({ facts, statement }: Stated, row: Evidence | undefined, asked: AskedWords): boolean => {
  if (row === undefined) return false
  if (row.passage !== row.worded || turnsBetween(facts, row.facts) <= TURNS_BACK) return true
  const bits = statement.held(statement.answerAt)
  return asked.weigh(bits & asked.bitsUnder(row.mask0, row.mask1)) / asked.weigh(bits) >= SOME
}

/** Reads the best rows, in the order of their scores, for what follows what. */
export const relate = (rows: ReadonlyArray<Evidence>, read: Read): Relations => {
  const { neighbours, query, sentences, weights } = read
  const pairs = findPairs(rows, read)
  if (pairs.every(({ later }) => later.length === 0)) return NONE
  const asked = new AskedWords(query, weights)
  // A text that holds too little is not read.
  const least = leastOf(asked, 0)
  const able = pairs.filter(({ place }) => mayAnswer(rows[place], asked, least))
  if (able.every(({ later }) => later.length === 0)) return NONE
  const { cues, sentences: question } = sentences.read(query.text, query.tokeniser)
  // A question about what was so keeps the order of the scores.
  if ((cues & CUE.history) !== 0) return NONE
  const statements = new Statements(rows, read, asked)
  const most = able.reduce((sum, { place }) => Math.max(sum, statements.at(place)?.statement.weight ?? 0), 0)
  const wanted: Wanted = {
    asked,
    least: leastOf(asked, most),
    cues,
    chosen: findChosen(question, asked),
    saidAfter: (facts, turns) => {
      const row = neighbours.of(facts)?.at((facts.turn ?? 0) + turns)
      const text = row === undefined ? null : readRow(row, read)
      if (row === undefined || text === null) return undefined
      return {
        isUsers: toSource(row.facts) !== "assistant",
        isQuestion: text.sentences.at(-1)?.isQuestion === true,
        cues: text.sentences.at(-1)?.cues ?? 0,
        words: text.outline.words
      }
    }
  }
  const followers = new Map<number, ReadonlyArray<number>>()
  const rules = new Map<number, ReadonlyArray<number>>()
  for (const { later, place } of able) {
    const from = statements.at(place)
    if (from === null || from.statement.weight < wanted.least) continue
    const found: Array<{ readonly at: number; readonly reason: Reason }> = []
    for (const at of later) {
      // A text that holds too little is not read.
      if (!mayTakeUp(from, rows[at], asked)) continue
      const to = statements.at(at)
      const pair = to === null ? null : Pair.of(from, to, wanted)
      if (pair === null) continue
      const reason = follows(pair, wanted)
      if (reason !== null) found.push({ at, reason })
      else if (standsBehind(pair, wanted)) rules.set(at, [...(rules.get(at) ?? []), place])
    }
    const recurs = found.filter(({ reason }) => isPlain(reason)).length > RECURRING
    const kept = found.filter(({ reason }) => !recurs || !isPlain(reason)).map(({ at }) => at)
    if (kept.length > 0) followers.set(place, latestFirst(kept, rows).slice(0, TOLD_MAX))
  }
  return { followers, rules }
}
