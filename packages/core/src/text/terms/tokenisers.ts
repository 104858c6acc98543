/** The tokenisers by their names in a fingerprint: a store keeps the terms it was filled with until it is moved. */
import { tokenise } from "../tokenise.ts"
import { termId } from "./termId.ts"
import { readKeys, readParts, readText } from "./readText.ts"
import { type Reading, toReading } from "./RunForms.ts"
import { NO_TERM, type ReadText, wordKey } from "./Word.ts"

/** The tokeniser of a new store. Changes when the same text would yield other terms. */
export const TOKENISER = "words-2"

/** English stems in every language. */
const readEnglish = (text: string): ReadText => ({
  words: tokenise(text).map((token) => ({ whole: termId(token), stem: NO_TERM, pieces: [] })),
  joined: [],
  english: true
})

/** That of the first version. */
const FIRST = "en-1"

const TOKENISERS: ReadonlyMap<string, (text: string) => ReadText> = new Map([
  [FIRST, readEnglish],
  [TOKENISER, readText]
])

/** Whether this version can read and write the terms of a store. */
export const isKnownTokeniser = (tokeniser: string): boolean => TOKENISERS.has(tokeniser)

/** Reads a text to the terms of a tokeniser; one that is not known is read as the newest. */
export const readWith = (tokeniser: string, text: string): ReadText =>
  (TOKENISERS.get(tokeniser) ?? readText)(text)

/** The keys of the words that `readWith` finds, in order. */
export const readKeysWith = (tokeniser: string, text: string): Uint32Array =>
  tokeniser === FIRST ? Uint32Array.from(readEnglish(text).words, wordKey) : readKeys(text)

/** The terms of a text as `readWith` finds them, part by part: what is stored of it needs no more. */
export const readPartsWith = (tokeniser: string, text: string): ReadonlyArray<Reading> => {
  if (tokeniser !== FIRST) return readParts(text)
  const { joined, words } = readEnglish(text)
  return [toReading(words, joined)]
}
