import { competesByNumber, competingKinds, denies, isTimeOrNumber, newNames } from "./competing.ts"
import { CUE } from "../sentences/cues.ts"
import { asksThing, type Pair, type Wanted } from "./Pair.ts"
import type { Sentence, Token } from "../sentences/readSentences.ts"
import { HANGUL } from "../sentences/values.ts"
import { ARTICLES, holdsWord, isContent } from "../sentences/tokens.ts"

/** Turns of one session that a fragment may look back. */
export const TURNS_BACK = 4
/** Words of a fragment, and those of them that carry meaning; of one whose number needs no unit, in all and in its sentence; of one that ends with "then". */
const WORDS_MAX = 20
export const FRAGMENT_CONTENT_MAX = 12
const NUMBER_WORDS_MAX = 14
const NUMBER_SENTENCE_MAX = 8
const THEN_MAX = 4
/** Words before the value in a fragment that has no word of choice. */
const OPENING_MAX = 3
/** Words with a meaning that a choice may add to the answer: a preference that tells more is a statement of its own. */
const OWN_MAX = 5
/** Words with a meaning of a remark that may stand between the two. */
const REMARK_MAX = 5

/** What a question that was just put asks for: what answers it is no other choice. */
const ASKS = CUE.asksPlace | CUE.asksName | CUE.asksColour | CUE.asksTime | CUE.asksCount | CUE.asksWhich

/** "Gold, then." */
const endsWithThen = ({ tokens }: Sentence): boolean =>
  tokens.length <= THEN_MAX && tokens.at(-1)?.text === "then"

/** A number answers: how many, when, which port. */
const asksNumber = ({ chosen, cues }: Wanted): boolean =>
  chosen !== 0 || (cues & (CUE.asksTime | CUE.asksCount)) !== 0

/** "The 11:22, my meeting got longer": what stands for the answer comes first. */
const opensWithValue = ({ values }: Sentence): boolean => values.some(({ at }) => at <= OPENING_MAX)

/** Whether the clause that opens with a value says nothing else: "Friday is pasta" is a fact of its own. */
const saysValueAlone = ({ answer }: Pair, { tokens, values }: Sentence): boolean =>
  values.some(({ at, kind }) => {
    const isAlike = (place: number): boolean => values.some((own) => own.at === place && own.kind === kind)
    const clause = tokens[at]?.clause
    return (
      at <= OPENING_MAX &&
      tokens.every(
        (token, i) =>
          token.clause !== clause || !isContent(token) || isAlike(i) || holdsWord(answer.tokens, token)
      )
    )
  })

/** Whether the assistant spoke between the two: what is told without a reply is a list, and its facts are whole. */
const isReplied = ({ earlier, turns }: Pair, { saidAfter }: Wanted): boolean => {
  for (let turn = 1; turn < turns; turn++) if (saidAfter(earlier.facts, turn)?.isUsers === false) return true
  return false
}

/** Whether a value of the fragment stands for one of the answer: a day, a colour, what is counted. */
const replacesValue = (pair: Pair, sentence: Sentence, wanted: Wanted): boolean => {
  const isThing = asksThing(wanted)
  const kinds = competingKinds(pair, sentence).filter((kind) => kind !== "name" && kind !== "identifier")
  if (kinds.some((kind) => !isThing || !isTimeOrNumber(kind))) return true
  const isShort =
    pair.later.statement.words <= NUMBER_WORDS_MAX && sentence.tokens.length <= NUMBER_SENTENCE_MAX
  return isShort && !isThing && asksNumber(wanted) && competesByNumber(pair.answer, sentence)
}

/** Whether it names another than the answer does, where neither a time nor a number is asked for: "Ask Leonie." */
const replacesName = ({ answer, asked }: Pair, sentence: Sentence, { cues }: Wanted): boolean =>
  (cues & (CUE.asksTime | CUE.asksCount)) === 0 &&
  newNames(sentence, answer.tokens, asked).length > 0 &&
  newNames(answer, sentence.tokens, asked).length > 0

/** Whether the later statement takes up a value of the answer, to say what is wrong with it. */
const repeatsValue = ({ answer, later }: Pair): boolean =>
  answer.values.some(
    ({ kind, value }) =>
      kind !== "name" &&
      later.statement.sentences.some(({ values }) =>
        values.some((own) => own.kind === kind && own.value === value)
      )
  )

/** Whether it names the old value and a new one of its kind: "Saturday is crowded, so Sunday". */
const renewsValue = (pair: Pair, { values }: Sentence): boolean =>
  repeatsValue(pair) &&
  values.some(
    ({ kind, value }) =>
      kind !== "name" &&
      pair.answer.values.some((old) => old.kind === kind) &&
      !pair.answer.values.some((old) => old.value === value)
  )

/** Whether the user spoke of something else between the two. */
const hasOtherTopic = ({ earlier, turns }: Pair, { saidAfter }: Wanted): boolean => {
  for (let turn = 1; turn < turns; turn++) {
    const said = saidAfter(earlier.facts, turn)
    if (said !== undefined && said.isUsers && said.words.length > REMARK_MAX) return true
  }
  return false
}

/** Words with a meaning that the answer lacks. */
const countOwn = ({ answer }: Pair, { tokens }: Sentence): number =>
  tokens.filter((token) => isContent(token) && !holdsWord(answer.tokens, token)).length

/** Words with a meaning beside the change and the new value: "We moved again, to Perth". */
const TOLD_MAX = 1

/** Of a script whose cues have no place. */
const isOfRun = ({ text }: Token): boolean => text === "" || HANGUL.test(text)

/** Whether a sentence of change speaks of nobody and nothing else: "Wir sind wieder umgezogen, jetzt Kassel". */
const isOfChangeAlone = ({ answer, asked }: Pair, sentence: Sentence): boolean => {
  const { cues, placed, tokens, values } = sentence
  if ((cues & (CUE.people | CUE.third)) !== 0) return false
  if (tokens.some(isOfRun)) return sentence.isOwnMove
  const isChangeAt = (place: number): boolean =>
    placed.some(({ at, cue }) => at === place && (cue === CUE.change || cue === CUE.moves))
  const isValueAt = (place: number): boolean => values.some(({ at }) => at === place)
  const change = tokens.findIndex((_, at) => isChangeAt(at) || isValueAt(at))
  const told = tokens.flatMap((token, at) =>
    isContent(token) &&
    !asked.isFunctionWord(token) &&
    !isChangeAt(at) &&
    !isValueAt(at) &&
    !holdsWord(answer.tokens, token)
      ? [at]
      : []
  )
  // "I moved the piano."
  const hasObject = tokens.some(({ text }, at) => ARTICLES.has(text) && isChangeAt(at - 1))
  return told.length <= TOLD_MAX && !hasObject && !told.some((at) => at < change)
}

/** Whether who said the answer says that it changed, and to what. */
const tellsChange = (pair: Pair, sentence: Sentence): boolean =>
  (pair.answer.cues & CUE.first) !== 0 &&
  (sentence.cues & CUE.change) !== 0 &&
  isOfChangeAlone(pair, sentence)

/** Whether it says that its speaker moved home, where the answer says where that is. */
const movesHome = (pair: Pair, sentence: Sentence, { cues }: Wanted): boolean =>
  (sentence.cues & CUE.moves) !== 0 &&
  (cues & CUE.asksPlace) !== 0 &&
  (cues & CUE.people) === 0 &&
  ((cues | pair.answer.cues) & CUE.home) !== 0 &&
  isOfChangeAlone(pair, sentence)

/** Whether the later statement is a fragment that takes up what was just spoken of: "On second thought, Friday." */
export const isFragment = (pair: Pair, wanted: Wanted): boolean => {
  const { earlier, isConfirmation, later, turns } = pair
  if (turns > TURNS_BACK || later.statement.words > WORDS_MAX || isConfirmation) return false
  if (pair.answer.tokens.length > WORDS_MAX) return false
  if (hasOtherTopic(pair, wanted)) return false
  const before = wanted.saidAfter(earlier.facts, turns - 1)
  const answersQuestion = before?.isQuestion === true && (before.cues & ASKS) !== 0
  const isThing = (wanted.cues & (CUE.asksPlace | CUE.asksName)) !== 0
  return later.statement.sentences.some((sentence, at) => {
    const { cues, isQuestion, tokens } = sentence
    const isMove = movesHome(pair, sentence, wanted)
    const isChange = isMove || tellsChange(pair, sentence)
    if (!tokens.some(isContent) || ((cues & (CUE.once | CUE.also)) !== 0 && !isChange)) return false
    const chooses = (cues & (CUE.choice | CUE.correction)) !== 0 || endsWithThen(sentence)
    const renames = replacesName(pair, sentence, wanted)
    const replaces =
      replacesValue(pair, sentence, wanted) ||
      renewsValue(pair, sentence) ||
      (renames && (chooses || isThing))
    if (isQuestion) return chooses && replaces
    if ((cues & CUE.correction) !== 0) return true
    if (chooses) return replaces || countOwn(pair, sentence) <= OWN_MAX
    if (answersQuestion) return false
    if (isMove || (isChange && replaces)) return true
    const isOfPerson = (cues & ~(pair.answer.cues | wanted.cues) & CUE.people) !== 0
    const opens = isReplied(pair, wanted) ? opensWithValue(sentence) : saysValueAlone(pair, sentence)
    return (replaces && (opens || repeatsValue(pair))) || (!isOfPerson && denies(pair, at))
  })
}
