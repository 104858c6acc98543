/** Whether a later statement speaks of the same thing as an earlier one, and says it otherwise. */
import { competingKinds, denies, isTimeOrNumber, lacksOnlyNames, sharesFrame } from "./competing.ts"
import { CUE } from "../sentences/cues.ts"
import { isFragment } from "./fragment.ts"
import { beginsElsewhere, isOfAnother } from "./otherSubject.ts"
import type { Pair, Wanted } from "./Pair.ts"

/** The share of the answer's asked words that the later statement holds: of all of them, of most, of half, of some. */
const ALL = 0.95
const MOST = 0.75
const HALF = 0.5
/** Below it, only a fragment follows. */
export const SOME = 0.4
/** Of a text with more sentences, only the one that answers is read for words of change. */
const SENTENCES_AROUND = 4
/** What a plain restatement holds of the asked words that some memory holds, and words of its sentence. */
const RESTATES_MIN = 0.6
const RESTATEMENT_MAX = 16

/**
 * How a later statement follows an earlier one: with a word of change or a denial; with another value; without
 * either, as people restate a fact; or as a fragment.
 */
export type Reason = "change" | "value" | "restatement" | "fragment"

const cuesOf = ({ later: { statement }, replyAt }: Pair): number =>
  statement.sentences.length <= SENTENCES_AROUND ? statement.cuesAround(replyAt) : statement.cues(replyAt)

/** Whether the later statement leaves the answer as it is: an exception, a guess, a memory, an addition. */
const leavesIt = (pair: Pair, cues: number, { asksRule }: Wanted): boolean => {
  const { answer, asked, later, reply, replyAt } = pair
  const changes = (cues & (CUE.change | CUE.correction)) !== 0
  const isRule = (answer.cues & CUE.always) !== 0 || asksRule
  return (
    (cues & CUE.once) !== 0 ||
    (reply.cues & CUE.perhaps) !== 0 ||
    (isRule && reply.isOccasion) ||
    ((cues & CUE.history) !== 0 && !changes) ||
    ((reply.cues & CUE.stays) !== 0 && asked.weigh(later.statement.held(replyAt)) > 0) ||
    ((reply.cues & CUE.also) !== 0 && !changes) ||
    // The assistant's answer to the statement itself, and what it says by itself.
    (pair.isConfirmation && ((cues & CUE.change) === 0 || pair.turns === 1))
  )
}

/** Words between a word of change and what it changes. */
const CHANGED_NEAR = 3

/** Whether what changed, or all that is told, is a time or a number. */
const changesTime = ({ reply: { placed, values } }: Pair): boolean => {
  const times = values.filter(({ kind }) => isTimeOrNumber(kind))
  const changes = placed.filter(({ cue }) => cue === CUE.change)
  return changes.length === 0
    ? times.length > 0
    : changes.some((change) => times.some(({ at }) => Math.abs(at - change.at) <= CHANGED_NEAR))
}

/** `null` where the later statement does not follow. */
export const follows = (pair: Pair, wanted: Wanted): Reason | null => {
  const { answer, asked, later, reply, replyAt, share } = pair
  if ((answer.cues & CUE.once) !== 0) return null
  if (share < SOME || reply.isQuestion) return isFragment(pair, wanted) ? "fragment" : null
  const cues = cuesOf(pair)
  if (leavesIt(pair, cues, wanted) || isOfAnother(pair)) return null
  const differing = competingKinds(pair, reply)
  const competing = wanted.asksThing ? differing.filter((kind) => !isTimeOrNumber(kind)) : differing
  // Where a place is asked for, another time of it is no other answer.
  if (wanted.asksThing && competing.length === 0 && (differing.length > 0 || changesTime(pair))) return null
  if (denies(pair, replyAt) || (cues & CUE.correction) !== 0) return "change"
  const changes = (cues & CUE.change) !== 0
  if (share >= MOST) {
    if (changes) return "change"
    if (competing.length > 0) return "value"
    if (sharesFrame(pair)) return "restatement"
    const isPlain =
      share >= ALL &&
      asked.weigh(later.statement.held(replyAt)) >= RESTATES_MIN * asked.known &&
      Math.max(answer.tokens.length, reply.tokens.length) <= RESTATEMENT_MAX
    return isPlain ? "restatement" : null
  }
  if (share >= HALF && changes && !beginsElsewhere(pair)) return "change"
  const valued = competing.filter((kind) => kind !== "name")
  return valued.length > 0 && lacksOnlyNames(pair, valued) ? "value" : null
}

/** Whether the later statement only tells an exception to the rule that the earlier one states. */
export const isException = (
  { answer, asked, bits, later, reply, replyAt }: Pair,
  wanted: Wanted
): boolean => {
  if (answer.isOccasion || (answer.cues & CUE.once) !== 0) return false
  if (asked.weigh(bits & later.statement.held(replyAt)) < HALF * asked.weigh(bits)) return false
  if ((reply.cues & CUE.once) !== 0) return true
  return reply.isOccasion && ((answer.cues & CUE.always) !== 0 || wanted.asksRule)
}
