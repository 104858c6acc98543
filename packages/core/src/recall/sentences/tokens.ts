import type { Sentence, Token } from "./readSentences.ts"

/** Articles and possessives, and prepositions that hold an article: what stands behind them is a thing. */
export const ARTICLES = new Set(
  (
    "the a an this that my our his her their der die das den dem des ein eine einen einem einer mein meine meinen unser unsere " +
    "am im zum zur beim vom ins ans le la les un une mon ma mes notre el los las una mi nuestro il lo gli i mio mia o os as um uma meu minha het een mijn ons onze"
  ).split(" ")
)

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
