/** A text as the step after scoring reads it: sentences, their words in every form, their values and cues. */
import { foldText } from "../../text/terms/foldText.ts"
import { toLower } from "../../text/terms/RunForms.ts"
import { ENGLISH, guessLanguages, languageMask, stopMask } from "../../text/terms/stopWords.ts"
import { readWith } from "../../text/terms/tokenisers.ts"
import { toWords } from "../../text/terms/toWords.ts"
import { NO_TERM } from "../../text/terms/Word.ts"
import { TITLES } from "../../text/names/titles.ts"
import { readItems } from "../../text/time/timePhrases.ts"
import { CUE, findCueRuns, findCues, findPeopleRuns, hasOwnerRun, isOwnMoveRun, WEEKDAY } from "./cues.ts"
import {
  HANGUL,
  hasRuns,
  isOneDay,
  isUnspaced,
  readNative,
  readRunValues,
  readWordValue,
  type Value
} from "./values.ts"

/** A word, or a pair of characters where words are not spaced. */
export interface Token {
  /** Folded, in lower case; `""` for a pair of characters. */
  readonly text: string
  /** Ids of its whole form and its stem; empty for a function word. */
  readonly ids: ReadonlyArray<number>
  /** Commas before it in its sentence. */
  readonly clause: number
  readonly isPossessive: boolean
  /** Whether it is written with a capital. */
  readonly isCapital: boolean
}

export interface Sentence {
  readonly tokens: ReadonlyArray<Token>
  readonly values: ReadonlyArray<Value>
  /** Bits of `CUE`. */
  readonly cues: number
  /** The cues by place; none where words are not spaced. */
  readonly placed: ReadonlyArray<{ readonly cue: number; readonly at: number }>
  readonly isQuestion: boolean
  /** Whether it names one day, week or month: yesterday, this week, last Friday. */
  readonly isOccasion: boolean
  /** Whether a person owns what it speaks of or does it, where no place of a cue tells: 妈妈的, 母の, 엄마 치과, いとこは. */
  readonly hasOwner: boolean
  /** Whether who speaks moves home, where no place of a cue tells. */
  readonly isOwnMove: boolean
  /** The persons of whom it speaks, where no place of a cue tells. */
  readonly people: ReadonlyArray<string>
}

/** Longer texts are read to here, in UTF-16 code units: a passage is shorter. */
const LENGTH_MAX = 2_000

/**
 * A label of up to 24 characters ("Rent:"), and one word that takes something up ("Swimming? Not any more", "Le tennis ?
 * J'ai arrêté"), belong to what stands after them.
 */
const SENTENCE =
  /(?:[^.!?;:\n\u2026\u3002\uff01\uff1f\uff1b]{1,24}:(?=\s+\S)|\s*(?:[\p{L}\p{M}]{1,3}[ '])?[\p{L}\p{M}]{3,16}\s?[?\uff1f\u061f](?=\s*[^\s?!]))?[^.!?;:\n\u2026\u3002\uff01\uff1f\uff1b]+(?:[.:](?=\S)[^.!?;:\n\u2026\u3002\uff01\uff1f\uff1b]+)*[.!?;:\n\u2026\u3002\uff01\uff1f\uff1b]*/gu
/** A sentence that ends with an ordinal or a title, whose full stop ends nothing: "am 12. | Mai", "with Dr. | Weber". */
const ORDINAL_END = /(?<!\p{N}[.,]?)\p{N}{1,2}\.\s*$/u
const TITLE_END = new RegExp(`(?<!\\p{L})(?:${TITLES}|dott)\\.\\s*$`, "iu")
const FIRST_WORD = /^\s*(\p{L}+)/u
const TITLED = /^\s*[\p{Lu}\p{N}]/u
const TOKEN =
  /\p{N}+(?:[.,:]\p{N}+)*|(?:(?!\p{N})[\p{L}\p{M}_])+(?:'[\p{L}\p{M}]+)*|[,\uff0c\u3001]|:(?=\s)/gu
const QUESTION = /[?\uff1f\u061f][^\p{L}\p{N}]*$/u
const COMMA = /^[,:\uff0c\u3001]$/u
const NUMBER = /^\p{N}/u
/** Endings of ordinals, and their unit. */
const ORDINAL = /^(?:st|nd|rd|th|er|re|e|o|a|го|й)$/u
const ORDINAL_UNIT = "#"
const CAPITAL = /^\p{Lu}/u
/** Codes of `CalendarWords.phrases`: the days, weeks and months around now; a weekday; the last of them. */
const OCCASION = /^[dwm]-?\d/u
const WEEKDAY_CODE = /^W\d/u
const LAST = /^last$/u
/** A Turkish name and its case: no other word has an apostrophe before it. */
const NAME_IN_CASE = /'(?:[dt]e|[dt]a|[dt]an|[dt]en|ya|ye)$/u
/** Names of a sentence, at most, and their share of its words. */
const NAMES_MAX = 2
const NAMES_SHARE = 0.5
/** Function words by which the language of a text is guessed: one of a fragment stands in several. */
const HITS_MIN = 2
/** No function word to the tokeniser, and May in other languages. */
const NEVER = "mai"
const ITALIAN = languageMask("it")
/** The first version's tokeniser. */
const ENGLISH_STEMS = "en-1"

/** A word without its elided article and its genitive. */
const bareWord = (word: string): string => {
  if (!word.includes("'")) return word
  const [first = "", ...rest] = word.split("'")
  if (rest.at(-1) === "s") return first
  return first.length <= 2 ? rest.join("") : first
}

const maskOf = (lower: string): number =>
  lower.includes("'") ? stopMask(lower.replaceAll("'", "")) | stopMask(bareWord(lower)) : stopMask(lower)

/** Of an elided word with what follows it: "j'habite" is French, though no function word. */
const spokenMaskOf = (lower: string): number => {
  const at = lower.indexOf("'")
  return at < 0 ? stopMask(lower) : maskOf(lower) | stopMask(lower.slice(0, at))
}

interface Manner {
  readonly tokeniser: string
  /** Those that the text may be in, as `stopMask` has them. */
  readonly languages: number
  /** Those whose cues it may hold. */
  readonly spoken: number
}

const isFunctionWord = (lower: string, { languages }: Manner): boolean =>
  (maskOf(lower) & (languages === 0 ? ENGLISH : languages)) !== 0 ||
  (lower === NEVER && (languages & ITALIAN) !== 0)

const idsOf = (word: string, { tokeniser }: Manner): ReadonlyArray<number> =>
  tokeniser === ENGLISH_STEMS
    ? readWith(tokeniser, word).words.map(({ whole }) => whole)
    : toWords(word).flatMap(({ stem, whole }) =>
        whole === NO_TERM ? (stem === NO_TERM ? [] : [stem]) : stem === NO_TERM ? [whole] : [whole, stem]
      )

const isOccasion = (text: string): boolean => {
  const items = readItems(text)
  const has = (at: number, code: RegExp): boolean =>
    items[at]?.meanings.some((meaning) => code.test(meaning.code)) ?? false
  return items.some(
    (_, at) =>
      has(at, OCCASION) || (has(at, LAST) && (has(at - 1, WEEKDAY_CODE) || has(at + 1, WEEKDAY_CODE)))
  )
}

/** A word whose forms are found when they are asked for: a question's are not. */
class WordToken implements Token {
  readonly text: string
  readonly clause: number
  readonly isPossessive: boolean
  readonly isCapital: boolean
  readonly #bare: string
  readonly #manner: Manner
  #ids: ReadonlyArray<number> | undefined

  constructor(written: string, text: string, bare: string, clause: number, manner: Manner) {
    this.text = text
    this.isCapital = CAPITAL.test(written)
    this.clause = clause
    this.isPossessive = text.endsWith("'s")
    this.#bare = bare
    this.#manner = manner
  }

  get ids(): ReadonlyArray<number> {
    return (this.#ids ??= isFunctionWord(this.text, this.#manner) ? [] : idsOf(this.#bare, this.#manner))
  }
}

/** Collects the tokens of a sentence and their values. */
class Reader {
  readonly tokens: Array<Token> = []
  readonly values: Array<Value> = []
  /** Words as the cues read them: a weekday by its kind. */
  readonly spoken: Array<string> = []
  hasPluralDay = false
  readonly #manner: Manner
  /** Tokens that stand right behind the one before: the "th" of "25th". */
  readonly #attached = new Set<number>()
  #clause = 0
  #end = -1

  constructor(manner: Manner) {
    this.#manner = manner
  }

  add(written: string, index: number): void {
    if (index === this.#end) this.#attached.add(this.tokens.length)
    this.#end = index + written.length
    if (COMMA.test(written)) this.#clause += 1
    else if (isUnspaced(written)) this.#addCharacters(toLower(written))
    else this.#addWord(written)
  }

  /** Gives numbers what they count. */
  withUnits(): ReadonlyArray<Value> {
    return [...this.values, ...this.#nativeNumbers()].map((value): Value => {
      const next = this.tokens[value.at + 1]
      if (value.kind !== "number" || value.unit !== "" || next === undefined) return value
      if (this.#attached.has(value.at + 1) && ORDINAL.test(next.text)) return { ...value, unit: ORDINAL_UNIT }
      return stopMask(next.text) === 0 ? { ...value, unit: String(next.ids.at(-1) ?? next.text) } : value
    })
  }

  #nativeNumbers(): ReadonlyArray<Value> {
    return this.tokens.flatMap(({ text }, at): ReadonlyArray<Value> => {
      const read = HANGUL.test(text) ? readNative(text, this.tokens[at + 1]?.text ?? "") : null
      return read === null ? [] : [{ kind: "number", ...read, at }]
    })
  }

  #addCharacters(run: string): void {
    for (const { pieces, whole } of toWords(run)) {
      this.tokens.push({
        text: "",
        ids: whole === NO_TERM ? pieces : [whole],
        clause: this.#clause,
        isPossessive: false,
        isCapital: false
      })
      this.spoken.push("")
    }
  }

  #addWord(written: string): void {
    const lower = toLower(written)
    const bare = bareWord(lower)
    const at = this.tokens.length
    const found = NUMBER.test(lower) ? null : readWordValue(written, bare)
    // "Ten" is a number in English, and a function word in Polish; "mai" is May in French, and "more" in Romanian.
    const word = found !== null && isFunctionWord(lower, this.#manner) ? null : found
    this.tokens.push(new WordToken(written, lower, bare, this.#clause, this.#manner))
    this.spoken.push(word !== null && isOneDay(word.value) ? WEEKDAY : lower)
    if (word !== null) {
      this.values.push({ ...word.value, unit: "", at })
      if (word.isPlural && word.value.kind === "weekday") this.hasPluralDay = true
    } else if (NUMBER.test(lower)) this.values.push({ kind: "number", value: lower, unit: "", at })
    else if (
      (at > 0 || NAME_IN_CASE.test(lower)) &&
      lower.length > 1 &&
      CAPITAL.test(written) &&
      !isFunctionWord(lower, this.#manner)
    )
      this.values.push({ kind: "name", value: bare, unit: "", at })
  }
}

/** The values of the words and of the runs: a number that both hold is one, of the unit that the run says. */
const joinCounts = (words: ReadonlyArray<Value>, runs: ReadonlyArray<Value>): ReadonlyArray<Value> => {
  const isSame = (value: Value, other: Value): boolean =>
    value.kind === "number" && other.kind === "number" && value.value === other.value
  return [
    ...words.map((value) => ({ ...value, unit: runs.find((run) => isSame(value, run))?.unit ?? value.unit })),
    ...runs.filter((run) => !words.some((value) => isSame(value, run)))
  ]
}

/** More capitals than a text has names are those of nouns. */
const withoutNouns = (values: ReadonlyArray<Value>, tokens: ReadonlyArray<Token>): ReadonlyArray<Value> => {
  const names = values.filter(({ kind }) => kind === "name").length
  const areNouns =
    names > NAMES_MAX && names > NAMES_SHARE * tokens.filter(({ ids }) => ids.length > 0).length
  return areNouns ? values.filter(({ kind }) => kind !== "name") : values
}

const NO_PEOPLE: ReadonlyArray<string> = []

/** A sentence by its cues; the rest is read when it is asked for. */
class ReadSentence implements Sentence {
  readonly tokens: ReadonlyArray<Token>
  readonly cues: number
  readonly placed: ReadonlyArray<{ readonly cue: number; readonly at: number }>
  readonly isQuestion: boolean
  readonly #text: string
  readonly #reader: Reader
  #values: ReadonlyArray<Value> | undefined
  #isOccasion: boolean | undefined
  #hasOwner: boolean | undefined
  #people: ReadonlyArray<string> | undefined

  constructor(text: string, manner: Manner) {
    const reader = new Reader(manner)
    for (const { 0: written, index } of text.matchAll(TOKEN)) reader.add(written, index)
    const lowered = toLower(text)
    let cues = (hasRuns(lowered) ? findCueRuns(lowered) : 0) | (reader.hasPluralDay ? CUE.always : 0)
    const placed: Array<{ readonly cue: number; readonly at: number }> = []
    findCues(reader.spoken, manner.spoken, (cue, at) => {
      cues |= cue
      placed.push({ cue, at })
    })
    this.tokens = reader.tokens
    this.cues = cues
    this.placed = placed
    this.isQuestion = QUESTION.test(text)
    this.#text = text
    this.#reader = reader
  }

  get values(): ReadonlyArray<Value> {
    return (this.#values ??= withoutNouns(
      joinCounts(this.#reader.withUnits(), readRunValues(toLower(this.#text), this.tokens.length)),
      this.tokens
    ))
  }

  get isOccasion(): boolean {
    return (this.#isOccasion ??= isOccasion(this.#text))
  }

  get isOwnMove(): boolean {
    return (this.cues & CUE.moves) !== 0 && isOwnMoveRun(toLower(this.#text))
  }

  get people(): ReadonlyArray<string> {
    return (this.#people ??= (this.cues & CUE.people) === 0 ? NO_PEOPLE : findPeopleRuns(toLower(this.#text)))
  }

  get hasOwner(): boolean {
    return (this.#hasOwner ??= (this.cues & CUE.people) !== 0 && hasOwnerRun(toLower(this.#text)))
  }
}

const isMonth = (sentence: string): boolean => {
  const word = FIRST_WORD.exec(sentence)?.[1] ?? ""
  return readWordValue(word, toLower(word))?.value.kind === "month"
}

/** The sentences of a folded text, as they are written. */
const cutSentences = (folded: string): ReadonlyArray<string> =>
  (folded.match(SENTENCE) ?? []).reduce<Array<string>>((cut, sentence) => {
    const before = cut.at(-1) ?? ""
    const goesOn =
      (ORDINAL_END.test(before) && isMonth(sentence)) || (TITLE_END.test(before) && TITLED.test(sentence))
    if (goesOn) cut[cut.length - 1] = before + sentence
    else cut.push(sentence)
    return cut
  }, [])

/** Letters of one language alone, which folding takes away: each speaks for it as a function word does. */
const OWN_LETTERS: ReadonlyArray<readonly [letter: RegExp, mask: number]> = [
  [/[\u1ea0-\u1ef9ơưđ]/giu, languageMask("vi")],
  [/[ąęłśźż]/giu, languageMask("pl")],
  [/[ğı]/giu, languageMask("tr")],
  [/[ěřů]/giu, languageMask("cs")],
  [/[őű]/giu, languageMask("hu")],
  [/[ășț]/giu, languageMask("ro")]
]

const ownLetters = (text: string): ReadonlyArray<number> =>
  OWN_LETTERS.flatMap(([letter, mask]) => (text.match(letter) ?? []).map(() => mask))

/** The sentences of a text, in order. */
export const readSentences = (text: string, tokeniser: string): ReadonlyArray<Sentence> => {
  const cut = text.slice(0, LENGTH_MAX)
  const folded = foldText(cut)
  const masks = (toLower(folded).match(TOKEN) ?? []).map(spokenMaskOf).filter((mask) => mask !== 0)
  // Folding leaves texts of ASCII as they are.
  if (folded !== cut) masks.push(...ownLetters(cut.normalize("NFC")))
  const languages = guessLanguages(masks)
  const hits = masks.filter((mask) => (mask & languages) !== 0).length
  const manner = { tokeniser, languages, spoken: hits < HITS_MIN ? 0 : languages }
  return cutSentences(folded)
    .map((sentence) => new ReadSentence(sentence, manner))
    .filter(({ tokens }) => tokens.length > 0)
}
