/** How much a word can tell at most, whatever a scope holds: a young memory does not know which words are common. */
import { lowerBound } from "../binarySearch.ts"
import { type CommonTerms, unpackTerms } from "./commonTerms.ts"
import { BY_LANGUAGE } from "./terms/stopWords.ts"
import { readWith, TOKENISER } from "./terms/tokenisers.ts"
import { NO_TERM, wordKey } from "./terms/Word.ts"

/** Surprise of a function word of some language in a text of another, in nats: one word in eight is one. */
const FUNCTION_WORD = 2.1
/** Of a word of the list, in nats: one text in a hundred holds it. */
const COMMON_WORD = 4.6

/** Words of talking and remembering, and the commonest verbs, nouns and adjectives. */
const COMMON =
  "say says said saying tell tells told telling talk talked talking speak mention mentioned discuss discussed ask asked asking " +
  "answer question remember remembered remind reminder recall know known knew think thought thinking believe mean means meant " +
  "understand explain describe guess hear heard listen read write wrote written note notes message chat conversation " +
  "get gets got getting go goes going gone went come comes came coming make makes made making take takes took taken taking " +
  "give gives gave given put keep kept let see seen saw look looked looking find found show shown use used using try tried trying " +
  "want wanted wants need needed needs like liked likes love loved feel feels felt feeling seem work works worked working help helped " +
  "start started starting begin began stop stopped end ended finish finished leave left move turn turned set run bring brought " +
  "call called happen happened happening change changed plan planned planning decide decided hope hoped wait check add added " +
  "thing things something anything everything nothing someone anyone everyone people person man woman way ways time times day days " +
  "week weeks month months year years today tomorrow yesterday tonight morning afternoon evening night hour hours minute minutes " +
  "part place home house name number lot lots bit kind sort idea problem reason point case example fact word words side " +
  "good better best bad great nice new old big small little long short high low right wrong sure important different real " +
  "first second last next early late later recent recently soon ago still already always never often sometimes usually ever " +
  "really actually maybe perhaps probably well much many less also even back away around together able possible ready " +
  "one two three please thanks thank welcome hello bye yes sorry glad happy fine cool perfect awesome wonderful " +
  "anyone anybody nobody everybody somebody any may might must shall upon though although however whether since yet"

/** The most that a term can surprise; undefined without a bound. */
interface SurpriseCaps {
  get(term: number): number | undefined
}

/** Read inside a sentence, so that function words are left out and none is taken for a name. */
const termsOf = (word: string, tokeniser: string): ReadonlyArray<number> => {
  const { words } = readWith(tokeniser, word)
  return words.length === 1
    ? words.flatMap((read) => [wordKey(read), read.stem].filter((id) => id !== NO_TERM))
    : []
}

/** Ascending and distinct. */
const termsOfAll = (words: string, tokeniser: string): Uint32Array =>
  Uint32Array.from(new Set(words.split(" ").flatMap((word) => termsOf(word, tokeniser)))).sort()

/** The terms of both lists. Reads some four thousand words, which takes longer than the rest of a first question. */
export const readCommonTerms = (tokeniser: string): CommonTerms => ({
  common: termsOfAll(COMMON, tokeniser),
  functions: termsOfAll(Object.values(BY_LANGUAGE).join(" "), tokeniser)
})

const made = new Map<string, CommonTerms>()

const commonTerms = (tokeniser: string): CommonTerms => {
  const terms = made.get(tokeniser) ?? (tokeniser === TOKENISER ? unpackTerms() : readCommonTerms(tokeniser))
  made.set(tokeniser, terms)
  return terms
}

/** Whether an ascending array holds a number. */
const includes = (sorted: Uint32Array, value: number): boolean => sorted[lowerBound(sorted, value)] === value

/**
 * The caps of terms that this tokeniser makes. For a text that is not in English, function words of every language too:
 * they may be words of it.
 */
export const surpriseCaps = (tokeniser: string, isEnglish: boolean): SurpriseCaps => {
  const { common, functions } = commonTerms(tokeniser)
  return {
    get: (term) => {
      if (!isEnglish && includes(functions, term)) return FUNCTION_WORD
      return includes(common, term) ? COMMON_WORD : undefined
    }
  }
}
