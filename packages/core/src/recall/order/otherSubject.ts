/** Whether a later sentence speaks of somebody or something else than the answer. */
import { CUE } from "../sentences/cues.ts"
import type { Pair } from "./Pair.ts"
import type { Sentence, Token } from "../sentences/readSentences.ts"
import { hasCueBefore, holdsWord, isContent, isSameWord } from "../sentences/tokens.ts"

/** Words between a person and what is said of them. */
const PERSON_NEAR = 3

/** The word of meaning right before a place of its clause; a value is none, since that is what may change. */
const modifier = ({ tokens, values }: Sentence, at: number): Token | undefined => {
  const token = tokens[at - 1]
  if (token === undefined || !isContent(token) || token.text === "") return undefined
  if (token.clause !== tokens[at]?.clause || values.some((value) => value.at === at - 1)) return undefined
  return token
}

/** Whether the words right before a shared asked word tell two things apart: the car key, the bike key. */
const hasOtherModifier = ({ answer, asked, reply }: Pair): boolean =>
  answer.tokens.some((token, i) => {
    const bits = asked.bitsOf(token)
    const before = bits === 0 ? undefined : modifier(answer, i)
    if (before === undefined || holdsWord(reply.tokens, before)) return false
    return reply.tokens.some((other, j) => {
      if ((asked.bitsOf(other) & bits) === 0) return false
      const after = modifier(reply, j)
      return after !== undefined && !holdsWord(answer.tokens, after)
    })
  })

/** The function words before a word, one word further on perhaps: "for the design part". */
const openers = (tokens: ReadonlyArray<Token>, at: number): ReadonlyArray<string> =>
  [at - 1, at - 2].flatMap((place) => {
    const token = tokens[place]
    return token !== undefined && !isContent(token) && token.clause === tokens[at]?.clause ? [token.text] : []
  })

/**
 * Whether the place of a missing asked word is taken by another: the documents of the car, of the cottage; "for the
 * design part", "for budget questions".
 */
const isReplaced = ({ answer, asked, missing, reply }: Pair): boolean =>
  answer.tokens.some((token, i) => {
    if ((asked.bitsOf(token) & missing) === 0) return false
    const before = openers(answer.tokens, i)
    const next = answer.tokens[i + 1]
    return reply.tokens.some((other, j) => {
      if (!isContent(other) || holdsWord(answer.tokens, other)) return false
      if (openers(reply.tokens, j).some((word) => before.includes(word))) return true
      const after = reply.tokens[j + 1]
      return next !== undefined && after !== undefined && isSameWord(next, after)
    })
  })

const isNameAt = ({ values }: Sentence, place: number): boolean =>
  values.some(({ at, kind }) => kind === "name" && at === place)

/** Whether the later sentence is about a person of whom neither the answer nor the question speaks. */
const isAnothers = ({ answer, answerAt, asked, earlier, reply }: Pair): boolean => {
  const around = earlier.statement.tokensAround(answerAt)
  const isNew = (token: Token | undefined): token is Token =>
    token !== undefined && isContent(token) && asked.bitsOf(token) === 0 && !holdsWord(around, token)
  return reply.tokens.some((token, at) => {
    const bits = asked.bitsOf(token)
    if (bits === 0) return false
    const isMine = answer.tokens.some(
      (other, i) => (asked.bitsOf(other) & bits) !== 0 && hasCueBefore(answer, i, CUE.first)
    )
    // "her gym", "she rides"
    if (isMine && hasCueBefore(reply, at, CUE.third)) return true
    const previous = reply.tokens[at - 1]
    // "Roz's gym"; "Roz pays"
    if (isNew(previous)) {
      if (previous.isPossessive) return true
      if (isMine && previous.text !== "" && (at === 1 || isNameAt(reply, at - 1))) return true
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

/** Whether the later sentence begins with a thing of which the answer does not speak. */
export const beginsElsewhere = ({ answer, asked, reply }: Pair): boolean => {
  const at = reply.tokens.findIndex(isContent)
  const subject = reply.tokens[at]
  if (subject === undefined || asked.bitsOf(subject) !== 0 || holdsWord(answer.tokens, subject)) return false
  return !reply.placed.some((one) => one.cue === CUE.first && one.at < at)
}

export const isOfAnother = (pair: Pair): boolean =>
  isAnothers(pair) || hasOtherModifier(pair) || (pair.missing !== 0 && isReplaced(pair))
