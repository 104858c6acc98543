/** Whether a later statement speaks of the same thing as an earlier one, and says it otherwise. */
import {
  beginsAlike,
  competingKinds,
  countsOther,
  denies,
  isTime,
  isTimeOrNumber,
  lacksOnlyNames,
  newNames,
  sharesFrame,
  sharesRun
} from "./competing.ts"
import { CUE } from "../sentences/cues.ts"
import { isFragment, TURNS_BACK } from "./fragment.ts"
import { beginsElsewhere, isAnothers, isOfAnother } from "./otherSubject.ts"
import { asksRule, asksThing, type Pair, type Wanted } from "./Pair.ts"
import type { Sentence, Token } from "../sentences/readSentences.ts"
import { holdsWord, isContent, isOfPairs, isSameWord } from "../sentences/tokens.ts"
import type { Value, ValueKind } from "../sentences/values.ts"

/** The share of the answer's asked words that the later statement holds: of all of them, of most, of some. */
const ALL = 0.95
const MOST = 0.75
/** The share of them that an exception to a rule holds by itself. */
const HALF_HELD = 0.5
/** One of two words, of which one may be somewhat rarer: below it, only a fragment follows. */
export const SOME = 0.38
/** Of a text with more sentences, only the one that answers is read for words of change. */
const SENTENCES_AROUND = 4
/** Words of two sentences that share one of two asked words. */
const ANSWER_MAX = 16
const REPLY_MAX = 20
/** Words of a change that does not tell the new time or number: "Choir is cancelled." */
const CHANGE_MAX = 12
/** What a restatement holds of all asked words, a plain one of those that some memory holds, and words of its sentence. */
const RESTATES_ALL_MIN = 0.4
const RESTATES_MIN = 0.6
const RESTATEMENT_MAX = 16

/**
 * How a later statement follows an earlier one: with a word of change or a denial; with another value; without
 * either, as people restate a fact; or as a fragment.
 */
export type Reason = "change" | "value" | "restatement" | "fragment"

const cuesOf = ({ later: { statement }, replyAt }: Pair): number =>
  statement.sentences.length <= SENTENCES_AROUND ? statement.cuesAround(replyAt) : statement.cues(replyAt)

/** Whether a guess stands where the asked words do, or before them: "tell Ann if she asks" says nothing of them. */
const isGuess = ({ asked, reply: { placed, tokens, cues } }: Pair): boolean => {
  if ((cues & CUE.perhaps) === 0) return false
  const clauses = tokens.flatMap((token) => (asked.bitsOf(token) === 0 ? [] : [token.clause]))
  const last = Math.max(0, ...clauses)
  const guesses = placed.filter(({ cue }) => cue === CUE.perhaps)
  return guesses.length === 0 || guesses.some(({ at }) => (tokens[at]?.clause ?? 0) <= last)
}

/** Whether the assistant takes up words that the user has just added to what the answer says. */
const takesUp = ({ answer, later, reply }: Pair, { saidAfter }: Wanted): boolean => {
  const said = saidAfter(later.facts, -1)
  return (
    said !== undefined &&
    said.isUsers &&
    reply.tokens.some(
      (token) => isContent(token) && !holdsWord(answer.tokens, token) && holdsWord(said.words, token)
    )
  )
}

/** Forms of the past, and those of the present. */
const PAST: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["had", ["have", "has"]],
  ["did", ["do", "does"]],
  ["went", ["go", "goes"]]
])

const PASSIVE = new Set(["is", "are", "be", "been", "being", "get", "gets"])

const isPastForm = (word: string): boolean => word.endsWith("ed") && word.length > 4

/** "Is deployed." */
const isPassive = ({ tokens }: Sentence, word: Token): boolean =>
  PASSIVE.has(tokens[tokens.indexOf(word) - 1]?.text ?? "")

const hasCueInClause = ({ placed, tokens }: Sentence, clause: number, wanted: number): boolean =>
  placed.some(({ at, cue }) => cue === wanted && tokens[at]?.clause === clause)

/** Whether it tells of one day what the answer says in general: "I watered the plants on Tuesday", "I had pancakes". */
const isOnceTold = ({ answer, reply }: Pair): boolean =>
  reply.tokens.some((token) => {
    if (hasCueInClause(reply, token.clause, CUE.change)) return false
    const present = PAST.get(token.text)
    if (present !== undefined) return answer.tokens.some(({ text }) => present.includes(text))
    if (!isPastForm(token.text) || isPassive(reply, token)) return false
    const same = answer.tokens.filter((other) => isSameWord(token, other))
    return same.length > 0 && same.every(({ text }) => !isPastForm(text))
  })

/** Whether it is so on some days only, of which the answer says nothing: "On Sundays it leaves at 7:45". */
const isOfSomeDays = ({ answer, asked, reply }: Pair, wanted: Wanted): boolean => {
  const isDay = ({ kind }: Value): boolean => kind === "weekday"
  if ((reply.cues & CUE.always) === 0 && !asksRule(wanted)) return false
  if (answer.values.some(isDay)) return false
  const clauses = new Set(
    reply.tokens.filter((token) => asked.bitsOf(token) !== 0).map(({ clause }) => clause)
  )
  return reply.values.some((value) => {
    const token = reply.tokens[value.at]
    return isDay(value) && (token === undefined || (clauses.has(token.clause) && asked.bitsOf(token) === 0))
  })
}

/** Whether the later statement leaves the answer as it is: an exception, a guess, a memory, an addition. */
const leavesIt = (pair: Pair, cues: number, wanted: Wanted): boolean => {
  const { answer, asked, later, reply, replyAt } = pair
  const changes = (cues & (CUE.change | CUE.correction)) !== 0
  const isRule = ((answer.cues & CUE.always) !== 0 && (wanted.cues & CUE.asksName) === 0) || asksRule(wanted)
  return (
    (cues & CUE.once) !== 0 ||
    isGuess(pair) ||
    ((isRule || (!changes && (wanted.cues & (CUE.asksTime | CUE.asksCount)) !== 0)) && reply.isOccasion) ||
    ((cues & CUE.correction) === 0 && isOnceTold(pair)) ||
    ((cues & CUE.history) !== 0 && !changes) ||
    ((reply.cues & CUE.stays) !== 0 && asked.weigh(later.statement.held(replyAt)) > 0) ||
    ((reply.cues & CUE.also) !== 0 && !changes) ||
    (!changes && isOfSomeDays(pair, wanted)) ||
    // The assistant's answer to the statement itself, and what it says by itself.
    (pair.isConfirmation && (pair.turns === 1 || ((cues & CUE.change) === 0 && !takesUp(pair, wanted))))
  )
}

/** Words between a word of change and what it changes. */
const CHANGED_NEAR = 4
/** New words with a meaning of a sentence that tells more than a time or a number. */
const TOLD_MIN = 2

/** Whether what changed, or all that is told, is a time or a number. */
const changesTime = ({ answer, reply: { placed, tokens, values } }: Pair): boolean => {
  const times = values.filter(
    ({ kind, value }) =>
      isTimeOrNumber(kind) && !answer.values.some((old) => old.kind === kind && old.value === value)
  )
  const changes = placed.filter(({ cue }) => cue === CUE.change)
  if (changes.length > 0)
    return changes.some((change) => times.some(({ at }) => Math.abs(at - change.at) <= CHANGED_NEAR))
  const told = tokens.filter(
    (token, i) => isContent(token) && !holdsWord(answer.tokens, token) && !times.some(({ at }) => at === i)
  )
  return times.length > 0 && told.length < TOLD_MIN
}

const ofKind = (kind: ValueKind, cues: number): boolean => {
  switch (kind) {
    case "colour":
      return (cues & CUE.asksColour) !== 0
    case "name":
      return (cues & (CUE.asksName | CUE.asksPlace | CUE.asksWhich)) !== 0
    case "number":
      return (cues & (CUE.asksCount | CUE.asksTime | CUE.asksWhich)) !== 0
    case "identifier":
      return true
    default:
      return (cues & CUE.asksTime) !== 0
  }
}

/** Whether the later statement lacks what is asked for, a time or a number, where the answer has it. */
const lacksKind = ({ answer, reply }: Pair, { cues }: Wanted): boolean => {
  if ((cues & (CUE.asksTime | CUE.asksCount | CUE.asksColour)) === 0) return false
  const has = ({ values }: Sentence): boolean => values.some(({ kind }) => ofKind(kind, cues))
  return has(answer) && !has(reply)
}

/** Whether the later statement names nothing, where the answer to "which" or "who" is a name. */
const lacksName = ({ answer, asked, reply }: Pair, { cues }: Wanted): boolean =>
  (cues & (CUE.asksName | CUE.asksPlace | CUE.asksWhich)) !== 0 &&
  newNames(answer, reply.tokens, asked).length > 0 &&
  newNames(reply, answer.tokens, asked).length === 0

/** Whether the later statement begins with who is asked for: a capital there tells no name. */
const opensWithName = ({ answer, asked, reply }: Pair, { cues }: Wanted): boolean => {
  const [first, second] = reply.tokens
  return (
    (cues & CUE.asksName) !== 0 &&
    first !== undefined &&
    second?.ids.length === 0 &&
    first.text !== "" &&
    isContent(first) &&
    asked.bitsOf(first) === 0 &&
    !holdsWord(answer.tokens, first)
  )
}

/** Whether the later statement has another value of the kind that is asked for. */
const answersAnew = (pair: Pair, competing: ReadonlyArray<ValueKind>, wanted: Wanted): boolean => {
  const { cues } = wanted
  const { answer, asked, reply } = pair
  if (competing.some((kind) => ofKind(kind, cues))) return true
  return (
    (cues & (CUE.asksName | CUE.asksPlace)) !== 0 &&
    (cues & (CUE.asksCount | CUE.asksTime)) === 0 &&
    (newNames(reply, answer.tokens, asked).length > 0 || opensWithName(pair, wanted))
  )
}

/** Whether the answer to "which" or "what" names something. */
const isName = ({ answer, asked }: Pair, { cues }: Wanted): boolean =>
  (cues & CUE.asksWhich) !== 0 &&
  (cues & (CUE.asksTime | CUE.asksCount)) === 0 &&
  newNames(answer, [], asked).length > 0

/** Whether it says all that the answer does but for times and numbers, and more than what is asked: an address anew. */
const restatesAll = ({ answer, asked, reply }: Pair): boolean => {
  const kept = answer.tokens.filter(
    (token, i) => isContent(token) && !answer.values.some(({ at, kind }) => at === i && isTimeOrNumber(kind))
  )
  return (
    kept.some((token) => asked.bitsOf(token) === 0) && kept.every((token) => holdsWord(reply.tokens, token))
  )
}

/** Whether the later statement is about another part: where a place is asked for, another time of it. */
const tellsOtherPart = (pair: Pair, differing: ReadonlyArray<ValueKind>, wanted: Wanted): boolean => {
  if (countsOther(pair, pair.reply, wanted)) return true
  if (restatesAll(pair)) return false
  if (asksThing(wanted)) return differing.length > 0 ? differing.every(isTimeOrNumber) : changesTime(pair)
  return isName(pair, wanted) && differing.length > 0 && differing.every(isTime)
}

/** Words of a sentence; two characters that are not spaced are about one. */
const lengthOf = (sentence: Sentence): number =>
  isOfPairs(sentence) ? sentence.tokens.length / 2 : sentence.tokens.length

const isShort = ({ answer, reply }: Pair): boolean =>
  lengthOf(answer) <= ANSWER_MAX && lengthOf(reply) <= REPLY_MAX

/** Whether the later statement lacks one asked word of the answer, or some of the pairs where words are not spaced. */
const lacksOne = ({ missing, reply }: Pair): boolean => (missing & (missing - 1)) === 0 || isOfPairs(reply)

/** How a statement that holds most of the asked words follows. */
const followsWhole = (
  pair: Pair,
  wanted: Wanted,
  cues: number,
  competing: ReadonlyArray<ValueKind>
): Reason | null => {
  const { answer, asked, later, reply, replyAt, share } = pair
  if (denies(pair, replyAt) || (cues & CUE.correction) !== 0) return "change"
  if ((cues & CUE.change) !== 0) {
    const isPlain = reply.tokens.length <= CHANGE_MAX
    return isPlain || !lacksKind(pair, wanted) ? "change" : null
  }
  if (competing.length > 0) return "value"
  if (answersAnew(pair, competing, wanted)) return "restatement"
  const held = asked.weigh(later.statement.held(replyAt))
  // What holds little of the question is met by chance: all that "Bo heard:" begins, where Bo is asked for the lake.
  if (held < RESTATES_ALL_MIN * asked.all) return null
  if (sharesFrame(pair) || beginsAlike(pair)) return "restatement"
  const isPlain =
    share >= ALL &&
    held >= RESTATES_MIN * asked.known &&
    Math.max(answer.tokens.length, reply.tokens.length) <= RESTATEMENT_MAX
  return isPlain ? "restatement" : null
}

/** How a short statement follows that holds one of two asked words. */
const followsShort = (
  pair: Pair,
  wanted: Wanted,
  competing: ReadonlyArray<ValueKind>,
  isCorrected: boolean
): Reason | null => {
  if (denies(pair, pair.replyAt) || (isCorrected && pair.turns <= TURNS_BACK)) return "change"
  if (!lacksOne(pair) || (beginsElsewhere(pair) && !opensWithName(pair, wanted))) return null
  const changes = (pair.reply.cues & CUE.change) !== 0
  if (changes && !lacksKind(pair, wanted) && !lacksName(pair, wanted)) return "change"
  if (answersAnew(pair, competing, wanted)) return "value"
  return beginsAlike(pair) || sharesRun(pair) ? "restatement" : null
}

/** How a statement follows that holds some of the asked words. */
const followsPartly = (
  pair: Pair,
  wanted: Wanted,
  competing: ReadonlyArray<ValueKind>,
  isCorrected: boolean
): Reason | null => {
  // Long sentences share one of many words by chance.
  const reason = isShort(pair) ? followsShort(pair, wanted, competing, isCorrected) : null
  if (reason !== null) return reason
  const valued = competing.filter((kind) => kind !== "name")
  if (valued.length > 0 && lacksOnlyNames(pair, valued)) return "value"
  return isFragment(pair, wanted) ? "fragment" : null
}

/** Whether somebody denies what was said of the person asked for: "Mum says Dad was not born in Trieste". */
const deniesOfPerson = (pair: Pair, { cues }: Wanted): boolean =>
  pair.missing === 0 && (cues & CUE.people) !== 0 && denies(pair, pair.replyAt)

/** Whether the later statement says that the earlier one was wrong. */
const corrects = (pair: Pair): boolean =>
  denies(pair, pair.replyAt) ||
  pair.later.statement.sentences.some(({ cues }) => (cues & CUE.correction) !== 0)

/** `null` where the later statement does not follow. */
export const follows = (pair: Pair, wanted: Wanted): Reason | null => {
  const reason = findReason(pair, wanted)
  return reason === null || (wanted.cues & CUE.asksPast) === 0 || corrects(pair) ? reason : null
}

const findReason = (pair: Pair, wanted: Wanted): Reason | null => {
  const { answer, reply, share } = pair
  if ((answer.cues & CUE.once) !== 0) return null
  if (share < SOME || reply.isQuestion) return isFragment(pair, wanted) ? "fragment" : null
  const differing = competingKinds(pair, reply)
  // Most pairs of long texts end here.
  if (share < MOST && differing.length === 0 && !isShort(pair)) return null
  const cues = cuesOf(pair)
  const isCorrected = (cues & CUE.correction) !== 0
  if (
    leavesIt(pair, cues, wanted) ||
    (isOfAnother(pair, wanted, isCorrected) && !deniesOfPerson(pair, wanted))
  )
    return null
  if (tellsOtherPart(pair, differing, wanted)) return null
  const competing = asksThing(wanted) ? differing.filter((kind) => !isTimeOrNumber(kind)) : differing
  return share >= MOST
    ? followsWhole(pair, wanted, cues, competing)
    : followsPartly(pair, wanted, competing, isCorrected)
}

/**
 * Whether the later statement leaves the answer first: it tells an exception to the rule that the earlier one states,
 * another part of it, or something of somebody else.
 */
export const standsBehind = (pair: Pair, wanted: Wanted): boolean => {
  const { answer, asked, bits, later, reply, replyAt, share } = pair
  if ((answer.cues & CUE.once) !== 0) return false
  if (share >= ALL && !reply.isQuestion) {
    if (isAnothers(pair, wanted.cues)) return true
    if (!pair.isConfirmation && tellsOtherPart(pair, competingKinds(pair, reply), wanted)) return true
  }
  if (asked.weigh(bits & later.statement.held(replyAt)) < HALF_HELD * asked.weigh(bits)) return false
  const isOnce = (reply.cues & CUE.once) !== 0
  const isRule = (answer.cues & CUE.always) !== 0 || asksRule(wanted)
  const changes = (cuesOf(pair) & (CUE.change | CUE.correction)) !== 0
  if (!changes && isOfSomeDays(pair, wanted)) return !answer.isOccasion
  // What takes longest to tell comes last.
  return (isOnce || isRule) && !answer.isOccasion && (isOnce || reply.isOccasion)
}
