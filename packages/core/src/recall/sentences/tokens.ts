import type { Sentence, Token } from "./readSentences.ts"

/** Whether a token carries meaning, and is no function word. */
export const isContent = ({ ids }: Token): boolean => ids.length > 0

/** Whether two tokens are one word in some form. */
export const isSameWord = (a: Token, b: Token): boolean => a.ids.some((id) => b.ids.includes(id))

/** Function words too: as they are written. */
export const isSameToken = (a: Token, b: Token): boolean =>
  (a.text !== "" && a.text === b.text) || isSameWord(a, b)

/** Whether a row of tokens has a word in some form. */
export const holdsWord = (tokens: ReadonlyArray<Token>, word: Token): boolean =>
  tokens.some((token) => isSameWord(token, word))

/** Whether a cue stands right before a place of its clause, a function word between them perhaps. */
export const hasCueBefore = ({ placed, tokens }: Sentence, at: number, cue: number): boolean =>
  placed.some(
    (one) =>
      one.cue === cue &&
      (one.at === at - 1 || (one.at === at - 2 && tokens[at - 1]?.ids.length === 0)) &&
      tokens[one.at]?.clause === tokens[at]?.clause
  )

/** Whether words are not spaced where it begins: its tokens are pairs of characters. */
export const isOfPairs = ({ tokens }: Sentence): boolean => tokens[0]?.text === ""
