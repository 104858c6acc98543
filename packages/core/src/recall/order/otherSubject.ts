/** Whether a later sentence speaks of somebody or something else than the answer. */
import { isTimeOrNumber } from "./competing.ts"
import { CUE } from "../sentences/cues.ts"
import type { Pair, Wanted } from "./Pair.ts"
import type { Sentence, Token } from "../sentences/readSentences.ts"
import {
  hasCueBefore,
  holdsWord,
  isContent,
  isOfPairs,
  isSameToken,
  isSameWord
} from "../sentences/tokens.ts"

/** Who speaks, as a subject; and words by which one owns what stands before them. */
const SPEAKERS = new Set("i we ich wir je j nous ik wij ja my я мы jag vi jeg ben biz".split(" "))
const OWNS = new Set("of de du des d di del della do da von van vom af".split(" "))
/** Words between a person and what is said of them. */
const PERSON_NEAR = 3

/** Korean words of a place, which stand before the verb: they modify nothing. */
const PLACE = /[가-힣](?:에|에서|으로)$/u

/** The word of meaning right before a place of its clause; a value is none, since that is what may change. */
const modifier = ({ tokens, values }: Sentence, at: number): Token | undefined => {
  const token = tokens[at - 1]
  if (token === undefined || !isContent(token) || token.text === "" || PLACE.test(token.text))
    return undefined
  if (token.clause !== tokens[at]?.clause || values.some((value) => value.at === at - 1)) return undefined
  return token
}

/** Whether the words right before a shared asked word tell two things apart: the car key, the bike key. */
const hasOtherModifier = ({ answer, asked, reply }: Pair, chosen: number): boolean =>
  answer.tokens.some((token, i) => {
    // "Which knee": what stands before it is the answer.
    const bits = asked.bitsOf(token) & ~chosen
    const before = bits === 0 ? undefined : modifier(answer, i)
    if (before === undefined || holdsWord(reply.tokens, before)) return false
    return reply.tokens.some((other, j) => {
      if ((asked.bitsOf(other) & bits) === 0) return false
      const after = modifier(reply, j)
      return after !== undefined && !holdsWord(answer.tokens, after)
    })
  })

/** Articles and copulas say nothing of what a word is for. */
const EMPTY = new Set(
  (
    "the a an der die das den dem des ein eine einen le la les l un une el los las una il lo gli i o os as um uma het een " +
    "is are was were be been has have ist sind war hat est sont etait a es son esta e sono sao foi zijn heeft jest sa"
  ).split(" ")
)

/** The function words before a word, one word further on perhaps: "for the design part". */
const openers = (tokens: ReadonlyArray<Token>, at: number): ReadonlyArray<string> =>
  [at - 1, at - 2].flatMap((place) => {
    const token = tokens[place]
    return token !== undefined &&
      token.text !== "" &&
      !isContent(token) &&
      !EMPTY.has(token.text) &&
      token.clause === tokens[at]?.clause
      ? [token.text]
      : []
  })

const isBeside = (a: Token | undefined, b: Token | undefined): boolean =>
  a !== undefined && b !== undefined && isSameToken(a, b)

/** Whether another value stands for one that is asked for: Zagreb for Ljubljana, Thursdays for Mondays. */
const hasOtherAsked = ({ answer, asked, reply }: Pair, missing: number): boolean =>
  answer.values.some(({ at, kind, value }) => {
    const token = answer.tokens[at]
    if (token === undefined || (asked.bitsOf(token) & missing) === 0) return false
    return reply.values.some(
      (other) =>
        other.kind === kind &&
        other.value !== value &&
        !answer.values.some((own) => own.value === other.value)
    )
  })

/** Whether a word stands right after "Nora's", one word further on perhaps. */
const isOwnedBy = (tokens: ReadonlyArray<Token>, at: number, owner: Token): boolean =>
  [tokens[at - 1], tokens[at - 2]].some((token) => token?.isPossessive === true && isSameWord(token, owner))

/**
 * Whether the place of a missing asked word is taken by another: the documents of the car, of the cottage; "for the
 * design part", "for budget questions"; "Nora's rabbit", "Nora's budgie". What may be the answer takes no place.
 */
const isReplaced = ({ answer, asked, reply }: Pair, missing: number): boolean =>
  answer.tokens.some((token, i) => {
    if ((asked.bitsOf(token) & missing) === 0 || token.text === "") return false
    const previous = answer.tokens[i - 1]
    const before = openers(answer.tokens, i)
    const next = answer.tokens[i + 1]
    const owner = answer.tokens[i - 1]
    return reply.tokens.some((other, j) => {
      if (!isContent(other) || holdsWord(answer.tokens, other)) return false
      if (reply.values.some(({ at }) => at === j)) return false
      if (openers(reply.tokens, j).some((word) => before.includes(word))) return true
      if (owner?.isPossessive === true && !other.isPossessive && isOwnedBy(reply.tokens, j, owner))
        return true
      const after = reply.tokens[j + 1]
      // "deploy the docs from", "deploy the API from"
      if (previous?.ids.length === 0 && isBeside(previous, reply.tokens[j - 1]) && isBeside(next, after))
        return true
      return next !== undefined && after !== undefined && isSameWord(next, after)
    })
  })

const isTimeAt = ({ values }: Sentence, place: number): boolean =>
  values.some(({ at, kind }) => at === place && isTimeOrNumber(kind))

const isEmptyAt = (sentence: Sentence, place: number): boolean =>
  isTimeAt(sentence, place) || sentence.placed.some(({ at, cue }) => at === place && cue === CUE.change)

const isNameAt = ({ values }: Sentence, place: number): boolean =>
  values.some(({ at, kind }) => kind === "name" && at === place)

/** Whether the answer is the speaker's own, as the question is, and the later sentence begins with someone else. */
const isNotMine = (pair: Pair, cues: number): boolean => {
  const { answer, reply } = pair
  if ((cues & CUE.first) === 0 || (reply.cues & CUE.first) !== 0) return false
  if (!answer.tokens.some(({ text }) => SPEAKERS.has(text.split("'")[0] ?? ""))) return false
  const opening = reply.tokens[0]
  return (
    opening !== undefined &&
    opening.text !== "" &&
    isContent(opening) &&
    !isEmptyAt(reply, 0) &&
    pair.asked.bitsOf(opening) === 0 &&
    !holdsWord(answer.tokens, opening)
  )
}

/** Whether each speaks of a person, and not of one: 弟, いとこ. */
const isOtherPerson = ({ people }: Sentence, { people: others }: Sentence): boolean =>
  people.length > 0 && others.length > 0 && !people.some((person) => others.includes(person))

/** Whether the later sentence is about a person of whom neither the answer nor the question speaks. */
export const isAnothers = (pair: Pair, cues: number): boolean => {
  const { answer, answerAt, asked, earlier, reply } = pair
  if (isNotMine(pair, cues)) return true
  if (reply.hasOwner && ((answer.cues | cues) & CUE.people) === 0) return true
  if (isOtherPerson(answer, reply)) return true
  const around = earlier.statement.tokensAround(answerAt)
  const isNew = (token: Token | undefined): token is Token =>
    token !== undefined && isContent(token) && asked.bitsOf(token) === 0 && !holdsWord(around, token)
  return reply.tokens.some((token, at) => {
    const bits = asked.bitsOf(token)
    if (bits === 0) return false
    const isMine = answer.tokens.some(
      (other, i) => (asked.bitsOf(other) & bits) !== 0 && hasCueBefore(answer, i, CUE.first)
    )
    const isSubject = answer.tokens.some(
      (other, i) => (asked.bitsOf(other) & bits) !== 0 && SPEAKERS.has(answer.tokens[i - 1]?.text ?? "")
    )
    // "her gym", "she rides"
    if (isMine && hasCueBefore(reply, at, CUE.third)) return true
    const previous = reply.tokens[at - 1]
    // "Roz's gym"; "Roz pays"
    if (isNew(previous)) {
      if (previous.isPossessive) return true
      if (isMine && previous.text !== "" && (at === 1 || isNameAt(reply, at - 1))) return true
    }
    const isOurs = hasCueBefore(reply, at, CUE.first)
    const opening = reply.tokens.findIndex(({ clause }) => clause === token.clause)
    // "Robin no longer gets up", where the answer was "I get up"
    if (isSubject && !isOurs && at - opening <= PERSON_NEAR && opening !== at && isNew(reply.tokens[opening]))
      return true
    // "the office of Karim", where the answer was "my office"
    if (isMine && !isOurs && OWNS.has(reply.tokens[at + 1]?.text ?? "") && isNameAt(reply, at + 2)) {
      if (isNew(reply.tokens[at + 2])) return true
    }
    // "my cousin drives", "the daughter of my sister"
    return reply.placed.some((one) => {
      const person = reply.tokens[one.at]
      return (
        one.cue === CUE.people &&
        Math.abs(one.at - at) <= PERSON_NEAR &&
        person?.clause === token.clause &&
        isNew(person)
      )
    })
  })
}

/** Whether a later sentence, and its clause that holds the shared words, begin with a thing of which the answer does not speak. */
export const beginsElsewhere = ({ answer, asked, bits, reply }: Pair): boolean => {
  // No pair of characters is a subject by itself: both are the speaker's, and the later names nobody.
  if (isOfPairs(reply) && (answer.cues & reply.cues & CUE.first) !== 0 && (reply.cues & CUE.people) === 0)
    return false
  const shared = reply.tokens.find((token) => (asked.bitsOf(token) & bits) !== 0)
  const isNewAt = (at: number): boolean => {
    const subject = reply.tokens[at]
    if (subject === undefined || asked.bitsOf(subject) !== 0 || holdsWord(answer.tokens, subject))
      return false
    return !reply.placed.some(
      ({ at: place, cue }) => (cue === CUE.first && place < at) || (cue === CUE.change && place === at)
    )
  }
  const begins = (clause: number): boolean =>
    isNewAt(
      reply.tokens.findIndex((token, i) => isContent(token) && token.clause >= clause && !isTimeAt(reply, i))
    )
  return begins(0) && begins(shared?.clause ?? 0)
}

/** @param isCorrected whether the later one says that what was said was wrong: another word is then the right one */
export const isOfAnother = (pair: Pair, { chosen, cues }: Wanted, isCorrected: boolean): boolean => {
  if (isAnothers(pair, cues)) return true
  if (isCorrected) return false
  // "Which bank": its name may stand alone.
  const missing = pair.missing & ~chosen
  return (
    hasOtherModifier(pair, chosen) ||
    (missing !== 0 && (isReplaced(pair, missing) || hasOtherAsked(pair, missing)))
  )
}
