/** What two sentences say otherwise: another value of one kind, another filling of one frame, a denied word. */
import { CUE } from "../sentences/cues.ts"
import type { Pair } from "./Pair.ts"
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
/** The share of the shorter clause's words that two clauses of one frame share, and the longest of them. */
const FRAME_MIN = 0.45
const FRAME_MAX = 12
/** Words with which two clauses of one frame begin, and words with a meaning that they share. */
const BEGINNING_MIN = 3
const FRAME_CONTENT_MIN = 2

const valuesOf = ({ values }: Sentence, kind: ValueKind): ReadonlyArray<Value> =>
  values.filter((value) => value.kind === kind)

export const isTimeOrNumber = (kind: ValueKind): boolean =>
  kind === "weekday" || kind === "month" || kind === "dayPart" || kind === "number"

const isNearShared = (
  { tokens }: Sentence,
  { at }: Value,
  others: ReadonlyArray<Token>,
  words: number
): boolean =>
  tokens.some((token, i) => Math.abs(i - at) <= words && isContent(token) && holdsWord(others, token))

/** The kinds of which both sentences have a value, and none in common. */
export const competingKinds = ({ answer, asked }: Pair, later: Sentence): ReadonlyArray<ValueKind> =>
  VALUE_KINDS.filter((kind) => {
    const [before, after] = [valuesOf(answer, kind), valuesOf(later, kind)]
    if (before.length === 0 || after.length === 0) return false
    if (after.some((value) => before.some((old) => old.value === value.value && old.unit === value.unit)))
      return false
    if (kind !== "number" && kind !== "name") return true
    // Of several things that are counted, the one that is asked for.
    const isOneOfMany = kind === "number" && new Set(before.map(({ unit }) => unit)).size > 1
    return after.some((value) =>
      before.some((old) => {
        if (old.unit !== value.unit) return false
        if (value.unit !== "" && (!isOneOfMany || asked.holds(Number(value.unit)))) return true
        return (
          (kind === "name" || old.value.length === value.value.length) &&
          isNearShared(later, value, answer.tokens, BESIDE) &&
          isNearShared(answer, old, later.tokens, BESIDE_EARLIER)
        )
      })
    )
  })

/** Whether a number stands alone, or counts the same as one before. */
export const competesByNumber = (earlier: Sentence, later: Sentence): boolean => {
  const [before, after] = [valuesOf(earlier, "number"), valuesOf(later, "number")]
  return (
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

/** Whether the later statement denies a word of the answer, in or beside one of its sentences: "from Togo, not Ghana". */
export const denies = ({ answer, later }: Pair, at: number): boolean =>
  [at - 1, at, at + 1].some((place) => {
    const { placed = [], tokens = [] } = later.statement.sentences[place] ?? {}
    return placed.some(
      (one) =>
        one.cue === CUE.negation &&
        tokens
          .slice(one.at + 1, one.at + 1 + DENIED)
          .some((token) => isContent(token) && holdsWord(answer.tokens, token))
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
