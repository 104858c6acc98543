import type { RowFacts } from "../../store/searching.ts"
import { isName, toSource } from "../../text/speakerNames.ts"
import type { AskedWords } from "./AskedWords.ts"
import { CUE } from "../sentences/cues.ts"
import type { Sentence, Token } from "../sentences/readSentences.ts"
import type { Statement } from "./Statement.ts"

/** A row, and its text as the question reads it. */
export interface Stated {
  readonly facts: RowFacts
  readonly statement: Statement
}

/** A turn between two statements. */
export interface Said {
  readonly isUsers: boolean
  readonly isQuestion: boolean
  /** Of its last sentence. */
  readonly cues: number
  /** Words with a meaning. */
  readonly words: ReadonlyArray<Token>
}

/** What the question wants, and what is known around its candidates. */
export interface Wanted {
  readonly asked: AskedWords
  /** The least weight of asked words of an answer that can age; see `leastOf`. */
  readonly least: number
  /** Bits of `CUE`: what the question asks for. */
  readonly cues: number
  /** The bits of the asked words of which one among several is asked for ("which key"). */
  readonly chosen: number
  /** What was said some turns after a row, or before it, as far as it was read. */
  readonly saidAfter: (facts: RowFacts, turns: number) => Said | undefined
}

/** A place, a person or a property: no time and no number answers. */
const THING = CUE.asksPlace | CUE.asksName | CUE.asksColour
export const asksThing = ({ cues }: Wanted): boolean =>
  (cues & THING) !== 0 && (cues & (CUE.asksTime | CUE.asksCount)) === 0

/** What is so as a rule. */
export const asksRule = ({ cues }: Wanted): boolean => (cues & CUE.always) !== 0

/**
 * What a statement must hold to be an answer that can age: of the asked words that some memory holds, of all of them,
 * and of what the best one holds.
 */
const OF_KNOWN_MIN = 0.42
const OF_ALL_MIN = 0.15
const OF_BEST_MIN = 0.75

/** The least weight; `most` is the greatest that a sentence of the best candidates holds. */
export const leastOf = ({ all, known }: AskedWords, most: number): number =>
  Math.max(OF_KNOWN_MIN * known, OF_ALL_MIN * all, OF_BEST_MIN * most)

/** Words of the assistant that confirm something. */
const CONFIRMATION_MAX = 60

/** The turns from one row to another of its session; infinite where they are not of one. */
export const turnsBetween = (earlier: RowFacts, later: RowFacts): number =>
  earlier.sessionId !== null &&
  earlier.sessionId === later.sessionId &&
  earlier.turn !== null &&
  later.turn !== null
    ? later.turn - earlier.turn
    : Number.POSITIVE_INFINITY

/** Further on in the same session, or said at a later moment. */
export const isLater = (earlier: RowFacts, later: RowFacts): boolean => {
  const turns = turnsBetween(earlier, later)
  return Number.isFinite(turns) ? turns > 0 : later.saidAt > earlier.saidAt
}

const isAssistant = (facts: RowFacts): boolean => !isName(facts.speaker) && toSource(facts) === "assistant"

/**
 * Whether the later one may speak for who said the earlier one: the same person, or the assistant that confirms in so
 * many words.
 */
export const speaksForIt = (earlier: RowFacts, later: RowFacts, words: number): boolean => {
  if (isName(earlier.speaker) || isName(later.speaker)) return earlier.speaker === later.speaker
  const [from, to] = [toSource(earlier), toSource(later)]
  return to === "user" || to === from || (to === "assistant" && words <= CONFIRMATION_MAX)
}

/** An answer, and a later statement that may follow it. */
export class Pair {
  readonly earlier: Stated
  readonly later: Stated
  readonly asked: AskedWords
  /** The sentence of the earlier one that answers, and its place. */
  readonly answer: Sentence
  readonly answerAt: number
  /** The sentence of the later one that holds most of the same words, and its place. */
  readonly reply: Sentence
  readonly replyAt: number
  /** The bits of the asked words of the answer, and of those that the reply and the sentences beside it lack. */
  readonly bits: number
  readonly missing: number
  /** The share of the weight of the answer's asked words that they hold, 0 to 1. */
  readonly share: number

  private constructor(
    earlier: Stated,
    later: Stated,
    asked: AskedWords,
    [answer, answerAt]: [Sentence, number],
    [reply, replyAt]: [Sentence, number]
  ) {
    this.earlier = earlier
    this.later = later
    this.asked = asked
    this.answer = answer
    this.answerAt = answerAt
    this.reply = reply
    this.replyAt = replyAt
    this.bits = earlier.statement.held(answerAt)
    const held = later.statement.heldAround(replyAt)
    this.missing = this.bits & ~held
    this.share = asked.weigh(this.bits & held) / asked.weigh(this.bits)
  }

  /** `null` where the later one is not later, not the same speaker's, or the earlier one is no answer. */
  static of(earlier: Stated, later: Stated, { asked, least }: Wanted): Pair | null {
    const [from, to] = [earlier.statement, later.statement]
    if (!isLater(earlier.facts, later.facts) || !speaksForIt(earlier.facts, later.facts, to.words))
      return null
    const { answerAt, weight } = from
    if (weight === 0 || weight < least) return null
    const bits = from.held(answerAt)
    const replyAt = to.best(bits)
    const [answer, reply] = [from.sentences[answerAt], to.sentences[replyAt]]
    if (answer === undefined || reply === undefined || answer.isQuestion) return null
    return new Pair(earlier, later, asked, [answer, answerAt], [reply, replyAt])
  }

  /** Whether the assistant takes up what someone else said. */
  get isConfirmation(): boolean {
    return isAssistant(this.later.facts) && !isAssistant(this.earlier.facts)
  }

  get turns(): number {
    return turnsBetween(this.earlier.facts, this.later.facts)
  }
}
