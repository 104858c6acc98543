/** What two sentences say otherwise: another value of one kind, another filling of one frame, a denied word. */
import type { AskedWords } from "./AskedWords.ts"
import { CUE } from "../sentences/cues.ts"
import type { Pair, Wanted } from "./Pair.ts"
import type { Sentence, Token } from "../sentences/readSentences.ts"
import { holdsWord, isContent, isSameToken } from "../sentences/tokens.ts"
import { type Value, VALUE_KINDS, type ValueKind } from "../sentences/values.ts"

/** Words between a value and a word that both sentences share: in the later one, in the earlier one. */
const BESIDE = 4
const BESIDE_EARLIER = 6
/** Words between a value and the word that names what it is. */
const NAMED_BESIDE = 2
/** Words after a negation that it may deny. */
const DENIED = 3
/** Tokens before the denial of what a sentence takes up. */
const TOPIC_MAX = 4
/** The share of the shorter clause's words that two clauses of one frame share, and the longest of them. */
const FRAME_MIN = 0.45
const FRAME_MAX = 12
/** Words with which two clauses of one frame begin, and words with a meaning that they share. */
const BEGINNING_MIN = 3
/** Words in a row that two sentences share, and asked words among them. */
const RUN_MIN = 3
const RUN_ASKED_MIN = 2
/** Tokens of a subject and what is said of it, with which two sentences begin. */
const SUBJECT_MIN = 2
const FRAME_CONTENT_MIN = 2

const valuesOf = ({ values }: Sentence, kind: ValueKind): ReadonlyArray<Value> =>
  values.filter((value) => value.kind === kind)

export const isTime = (kind: ValueKind): boolean =>
  kind === "weekday" || kind === "month" || kind === "dayPart"

export const isTimeOrNumber = (kind: ValueKind): boolean => isTime(kind) || kind === "number"

const isNearShared = (
  { tokens }: Sentence,
  { at }: Value,
  others: ReadonlyArray<Token>,
  words: number
): boolean =>
  tokens.some((token, i) => Math.abs(i - at) <= words && isContent(token) && holdsWord(others, token))

const isSameValue = (a: Value, b: Value): boolean => a.value === b.value && a.unit === b.unit

const without = (values: ReadonlyArray<Value>, others: ReadonlyArray<Value>): ReadonlyArray<Value> =>
  values.filter((value) => !others.some((other) => isSameValue(value, other)))

const NO_KINDS: ReadonlyArray<ValueKind> = []

/** The kinds of which both sentences have a value, and none in common; numbers beside those in common: 3月5日, 3月8日. */
export const competingKinds = ({ answer, asked }: Pair, later: Sentence): ReadonlyArray<ValueKind> => {
  if (answer.values.length === 0 || later.values.length === 0) return NO_KINDS
  return VALUE_KINDS.filter((kind) => {
    const [all, allLater] = [valuesOf(answer, kind), valuesOf(later, kind)]
    const [before, after] = [without(all, allLater), without(allLater, all)]
    if (before.length === 0 || after.length === 0) return false
    if (kind !== "number" && after.length < allLater.length) return false
    if (kind !== "number" && kind !== "name") return true
    // Of several things that are counted, the one that is asked for.
    const isOneOfMany = kind === "number" && new Set(before.map(({ unit }) => unit)).size > 1
    return after.some((value) =>
      before.some((old) => {
        if (old.unit !== value.unit) return false
        if (kind === "number" && value.unit !== "") return !isOneOfMany || asked.holds(Number(value.unit))
        return (
          (kind === "name" || old.value.length === value.value.length) &&
          isNearShared(later, value, answer.tokens, BESIDE) &&
          isNearShared(answer, old, later.tokens, BESIDE_EARLIER)
        )
      })
    )
  })
}

/**
 * Whether it counts anew something else of the answer than what is asked for: the years of a loan, not its rate. Where a
 * time or a number is asked for, what counts all of it says the whole anew, as a date of month and day.
 */
export const countsOther = ({ answer, asked }: Pair, later: Sentence, { cues }: Wanted): boolean => {
  const [before, after] = [valuesOf(answer, "number"), valuesOf(later, "number")]
  const units = new Set(before.map(({ unit }) => unit))
  const isWhole = Array.from(units).every((own) => after.some(({ unit }) => unit === own))
  return (
    units.size > 1 &&
    after.length > 0 &&
    !(isWhole && (cues & (CUE.asksTime | CUE.asksCount)) !== 0) &&
    after.every(({ unit }) => unit !== "" && units.has(unit) && !asked.holds(Number(unit)))
  )
}

/** The names of a sentence that are not asked for and that other tokens lack. */
export const newNames = (
  { tokens, values }: Sentence,
  others: ReadonlyArray<Token>,
  asked: AskedWords
): ReadonlyArray<Token> =>
  values.flatMap(({ at, kind }) => {
    const token = kind === "name" ? tokens[at] : undefined
    return token === undefined || asked.bitsOf(token) !== 0 || holdsWord(others, token) ? [] : [token]
  })

/** Numbers of a span of time: more are a list, which stands for one as long. */
const SPAN_NUMBERS = 2

/** Whether a number stands alone, or counts the same as one before. */
export const competesByNumber = (earlier: Sentence, later: Sentence): boolean => {
  const [before, after] = [valuesOf(earlier, "number"), valuesOf(later, "number")]
  return (
    after.length <= Math.max(SPAN_NUMBERS, before.length) &&
    after.every(({ value }) => before.every((old) => old.value !== value)) &&
    after.some(({ unit }) => before.some((old) => unit === "" || old.unit === "" || unit === old.unit))
  )
}

/** Whether the words that the later one lacks only say what the value is: port 5433, on 6432. */
export const lacksOnlyNames = ({ answer, asked, missing }: Pair, kinds: ReadonlyArray<ValueKind>): boolean =>
  answer.tokens.every(
    (token, i) =>
      (asked.bitsOf(token) & missing) === 0 ||
      answer.values.some(({ at, kind }) => kinds.includes(kind) && Math.abs(at - i) <= NAMED_BESIDE)
  )

/** Whether a sentence takes up a word of the answer and denies it, for oneself where that is of oneself: "Swimming? Not any more." */
const deniesTopic = ({ cues, placed, tokens }: Sentence, at: number, answer: Sentence): boolean => {
  const topic = tokens.find(isContent)
  const clause = tokens[at]?.clause
  if (at === 0 || at > TOPIC_MAX || topic === undefined || topic.clause !== clause) return false
  if ((answer.cues & CUE.people) !== 0 && (cues & CUE.first) !== 0) return false
  // "No longer", "nicht mehr": what follows says since when.
  const isOver = placed.some((one) => one.cue === CUE.change && (one.at === at || one.at === at + 1))
  return (
    holdsWord(answer.tokens, topic) &&
    (isOver || !tokens.slice(at).some((token) => token.clause === clause && isContent(token)))
  )
}

/** Whether the later statement denies a word of the answer, in or beside one of its sentences: "from Togo, not Ghana". */
export const denies = ({ answer, later }: Pair, at: number): boolean =>
  [at - 1, at, at + 1].some((place) => {
    const sentence = later.statement.sentences[place]
    return sentence?.placed.some(
      (one) =>
        one.cue === CUE.negation &&
        (deniesTopic(sentence, one.at, answer) ||
          sentence.tokens
            .slice(one.at + 1, one.at + 1 + DENIED)
            .some((token) => isContent(token) && holdsWord(answer.tokens, token)))
    )
  })

/** The longest common subsequence of two rows of tokens. */
const commonLength = (a: ReadonlyArray<Token>, b: ReadonlyArray<Token>): number => {
  let above = new Uint8Array(b.length + 1)
  for (const token of a) {
    const row = new Uint8Array(b.length + 1)
    for (const [j, other] of b.entries())
      row[j + 1] = isSameToken(token, other) ? (above[j] ?? 0) + 1 : Math.max(above[j + 1] ?? 0, row[j] ?? 0)
    above = row
  }
  return above[b.length] ?? 0
}

/** How many tokens two clauses begin with alike. */
const commonBeginning = (a: ReadonlyArray<Token>, b: ReadonlyArray<Token>): number => {
  const differing = a.findIndex((token, i) => {
    const other = b[i]
    return other === undefined || !isSameToken(token, other)
  })
  return differing < 0 ? a.length : differing
}

const clausesOf = ({ tokens }: Sentence): ReadonlyArray<ReadonlyArray<Token>> => {
  const clauses = new Map<number, Array<Token>>()
  for (const token of tokens) {
    const clause = clauses.get(token.clause) ?? []
    clause.push(token)
    clauses.set(token.clause, clause)
  }
  return Array.from(clauses.values()).filter(({ length }) => length > 1 && length <= 2 * FRAME_MAX)
}

/** The tokens of a sentence from the first that carries meaning on. */
const fromContent = ({ tokens }: Sentence): ReadonlyArray<Token> => tokens.slice(tokens.findIndex(isContent))

/** Whether the two sentences begin with the same asked words, and go on otherwise. */
export const beginsAlike = ({ answer, asked, reply }: Pair): boolean => {
  const [a, b] = [fromContent(answer), fromContent(reply)]
  const common = commonBeginning(a, b)
  return (
    common >= SUBJECT_MIN &&
    common < Math.min(a.length, b.length) &&
    a.slice(0, common).some((token) => asked.bitsOf(token) !== 0) &&
    b.slice(common).some((token) => isContent(token) && !holdsWord(answer.tokens, token))
  )
}

/** Whether the two sentences have several words in a row in common, asked words among them: "my term paper is". */
export const sharesRun = ({ answer, asked, reply }: Pair): boolean =>
  answer.tokens.some((_, i) =>
    reply.tokens.some((_, j) => {
      const rest = answer.tokens.slice(i)
      const run = rest.slice(0, commonBeginning(rest, reply.tokens.slice(j)))
      return run.length >= RUN_MIN && run.filter((token) => asked.bitsOf(token) !== 0).length >= RUN_ASKED_MIN
    })
  )

/** Whether the two sentences have a clause of one frame with another filling. */
export const sharesFrame = ({ answer, asked, reply }: Pair): boolean =>
  clausesOf(answer).some((a) =>
    clausesOf(reply).some((b) => {
      const shorter = Math.min(a.length, b.length)
      if (shorter > FRAME_MAX) return false
      const shared = a.filter((token) => isContent(token) && holdsWord(b, token))
      if (shared.length < FRAME_CONTENT_MIN || !shared.some((token) => asked.bitsOf(token) !== 0))
        return false
      const common = commonLength(a, b)
      if (common === a.length || common === b.length) return false
      return common >= FRAME_MIN * shorter || commonBeginning(a, b) >= BEGINNING_MIN
    })
  )
