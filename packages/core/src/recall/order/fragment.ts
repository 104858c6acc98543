import { competesByNumber, competingKinds, denies, isTimeOrNumber } from "./competing.ts"
import { CUE } from "../sentences/cues.ts"
import type { Pair, Wanted } from "./Pair.ts"
import type { Sentence } from "../sentences/readSentences.ts"
import { isContent } from "../sentences/tokens.ts"

/** Turns of one session that a fragment may look back. */
export const TURNS_BACK = 4
/** Words of a fragment, and those of them that carry meaning; of one whose number needs no unit, in all and in its sentence; of one that ends with "then". */
const WORDS_MAX = 20
export const FRAGMENT_CONTENT_MAX = 12
const NUMBER_WORDS_MAX = 14
const NUMBER_SENTENCE_MAX = 8
const THEN_MAX = 4
/** Words with a meaning of a remark that may stand between the two. */
const REMARK_MAX = 5

/** "Gold, then." */
const endsWithThen = ({ tokens }: Sentence): boolean =>
  tokens.length <= THEN_MAX && tokens.at(-1)?.text === "then"

/** Whether a value of the fragment stands for one of the answer: a day, a colour, what is counted. */
const replacesValue = (pair: Pair, sentence: Sentence, asksThing: boolean): boolean => {
  const kinds = competingKinds(pair, sentence).filter((kind) => kind !== "name" && kind !== "identifier")
  if (kinds.some((kind) => !asksThing || !isTimeOrNumber(kind))) return true
  const isShort =
    pair.later.statement.words <= NUMBER_WORDS_MAX && sentence.tokens.length <= NUMBER_SENTENCE_MAX
  return isShort && !asksThing && competesByNumber(pair.answer, sentence)
}

/** Whether the user spoke of something else between the two. */
const hasOtherTopic = ({ earlier, turns }: Pair, { saidAfter }: Wanted): boolean => {
  for (let turn = 1; turn < turns; turn++) {
    const said = saidAfter(earlier.facts, turn)
    if (said !== undefined && said.isUsers && said.content > REMARK_MAX) return true
  }
  return false
}

/** Whether the later statement is a fragment that takes up what was just spoken of: "On second thought, Friday." */
export const isFragment = (pair: Pair, wanted: Wanted): boolean => {
  const { earlier, isConfirmation, later, turns } = pair
  if (turns > TURNS_BACK || later.statement.words > WORDS_MAX || isConfirmation) return false
  if (hasOtherTopic(pair, wanted)) return false
  const answersQuestion = wanted.saidAfter(earlier.facts, turns - 1)?.isQuestion === true
  return later.statement.sentences.some((sentence, at) => {
    const { cues, isQuestion, tokens } = sentence
    if (!tokens.some(isContent) || (cues & (CUE.once | CUE.also)) !== 0) return false
    const chooses = (cues & (CUE.choice | CUE.correction)) !== 0 || endsWithThen(sentence)
    const replaces = replacesValue(pair, sentence, wanted.asksThing)
    if (isQuestion) return chooses && replaces
    // What answers a question that was just put is no other choice.
    return chooses || (!answersQuestion && (replaces || denies(pair, at)))
  })
}
