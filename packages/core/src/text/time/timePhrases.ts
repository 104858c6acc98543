/** Cuts a question into numbers, phrases of `calendarWords.ts` and other words. */
import { peel } from "../names/inflections.ts"
import { CALENDAR_WORDS } from "./calendarWords.ts"
import { foldWord, isLatin, readTokens, type TimeToken } from "./timeTokens.ts"

/** What a phrase means in one language. */
export interface Meaning {
  /** `M0` … `M11`: a month; `W0` … `W6`: a weekday; `w-1:4`: the Friday of last week; else a code of `CalendarWords.phrases`. */
  readonly code: string
  /** Place in `CALENDAR_WORDS`. */
  readonly language: number
  /** It means something else in another language. */
  readonly isGuarded: boolean
}

/** A number, a phrase, or any other token. */
export interface TimeItem {
  readonly meanings: ReadonlyArray<Meaning>
  readonly first: TimeToken
  readonly last: TimeToken
}

interface PhraseNode {
  readonly next: Map<string, PhraseNode>
  readonly meanings: Array<Meaning>
}

const makeNode = (): PhraseNode => ({ next: new Map(), meanings: [] })

const toKey = ({ key, value }: TimeToken): string => (value === null ? key : `#${value}`)

/** A phrase as `CALENDAR_WORDS` has it, until a question has a word that begins as it does. */
interface UnreadPhrase {
  readonly phrase: string
  readonly code: string
  readonly language: number
}

const addPhrase = (root: PhraseNode, { code, language, phrase }: UnreadPhrase): void => {
  const isGuarded = phrase.startsWith("?")
  let node = root
  for (const token of readTokens(isGuarded ? phrase.slice(1) : phrase)) {
    const next = node.next.get(toKey(token)) ?? makeNode()
    node.next.set(toKey(token), next)
    node = next
  }
  node.meanings.push({ code, language, isGuarded })
}

const CHINESE_WEEKDAYS = ["一", "二", "三", "四", "五", "六", "日天"].flatMap((names, i) =>
  Array.from(names, (name) => ({ name, i }))
)

/** The last characters of words for a week. */
const WEEKS = new Set(["周", "週", "期", "拜"])

/** 上周五 is the Friday of last week: the week's own word ends the weekday's. */
const withChineseWeekdays = (unread: UnreadPhrase): ReadonlyArray<UnreadPhrase> => {
  const { code, language, phrase } = unread
  if (!code.startsWith("w") || !WEEKS.has(phrase.at(-1) ?? "")) return [unread]
  const days = CHINESE_WEEKDAYS.map(({ i, name }) => ({
    phrase: phrase + name,
    code: `${code}:${i}`,
    language
  }))
  return [unread, ...days]
}

const isAsciiLetter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)

const folded = new Map<string, string>()

const foldLetter = (letter: string): string => {
  const known = folded.get(letter)
  if (known !== undefined) return known
  const [head = ""] = foldWord(letter)
  folded.set(letter, head)
  return head
}

/** Two letters of a word; one where the second is no plain one, and of other alphabets. */
const toHead = (first: string, second: string): string =>
  isAsciiLetter(first.charCodeAt(0)) && isAsciiLetter(second.charCodeAt(0)) ? first + second : first

/** The head of numbers, and of those that begin a phrase of another script, such as `3月`: no Latin text needs them. */
const NUMBERS = "#"
const OTHER_NUMBERS = "#*"

/** The head of a phrase's first token, without reading it. */
const phraseHead = (phrase: string): string => {
  const start = phrase.startsWith("?") ? 1 : 0
  const first = foldLetter(phrase.charAt(start))
  if (first >= "0" && first <= "9") return isLatin(phrase) ? NUMBERS : OTHER_NUMBERS
  return toHead(first, foldLetter(phrase.charAt(start + 1)))
}

/** The phrases by how they begin. Reading all of them into tokens takes longer than the rest of a first question. */
const groupByHead = (): Map<string, Array<UnreadPhrase>> => {
  const groups = new Map<string, Array<UnreadPhrase>>()
  const add = (phrase: string, code: string, language: number): void => {
    const head = phraseHead(phrase)
    const group = groups.get(head)
    if (group === undefined) groups.set(head, [{ phrase, code, language }])
    else group.push({ phrase, code, language })
  }
  for (const [language, { months, phrases, weekdays }] of CALENDAR_WORDS.entries()) {
    for (const [list, kind] of [
      [months, "M"],
      [weekdays, "W"]
    ] as const) {
      list.split("|").forEach((names, i) => {
        for (const name of names.split("/")) add(name, `${kind}${i}`, language)
      })
    }
    for (const code in phrases)
      for (const phrase of (phrases[code] ?? "").split("|")) add(phrase, code, language)
  }
  return groups
}

/** Words of questions that are kept. */
const STARTS_MAX = 20_000

/** Phrases, read as questions need them. */
class PhraseTable {
  readonly #root = makeNode()
  readonly #unread = groupByHead()
  readonly #evidence: Array<ReadonlySet<string> | undefined> = []
  /** Where the words of questions lead from the root: most lead nowhere. */
  readonly #starts = new Map<string, PhraseNode | null>()

  /** The phrases that begin with a token, among others. */
  rootFor(key: string): PhraseNode {
    this.#read(toHead(key.charAt(0), key.charAt(1)))
    return this.#root
  }

  /** The phrases that begin with a word, or with one that an ending or a prefix is written onto; `null` for none. */
  startingWith(word: string): PhraseNode | null {
    const known = this.#starts.get(word)
    if (known !== undefined) return known
    const start = followWord(null, word) ?? null
    if (this.#starts.size >= STARTS_MAX) this.#starts.clear()
    this.#starts.set(word, start)
    return start
  }

  /** Before a text is read that is not Latin. */
  readOtherNumbers(): void {
    this.#read(OTHER_NUMBERS)
  }

  #read(head: string): void {
    const group = this.#unread.get(head)
    if (group === undefined) return
    this.#unread.delete(head)
    for (const phrase of group.flatMap(withChineseWeekdays)) addPhrase(this.#root, phrase)
  }

  /** Words that show a language. */
  evidence(language: number): ReadonlySet<string> {
    return (this.#evidence[language] ??= new Set(
      (CALENDAR_WORDS[language]?.evidence ?? "").split("|").map((word) => foldWord(word))
    ))
  }
}

let table: PhraseTable | undefined

/** Made with the first question: a program that asks none does not wait for it. */
const phraseTable = (): PhraseTable => (table ??= new PhraseTable())

/** @param node null for the root */
const followKey = (node: PhraseNode | null, key: string): PhraseNode | undefined =>
  (node ?? phraseTable().rootFor(key)).next.get(key)

/** @param node null for the root */
const followWord = (node: PhraseNode | null, word: string): PhraseNode | undefined =>
  followKey(node, word) ?? peel(word).flatMap((base) => followKey(node, base) ?? [])[0]

const follow = (node: PhraseNode | null, token: TimeToken): PhraseNode | undefined => {
  const { key, value } = token
  // Of a number, or too long.
  if (value !== null || key === "") return followKey(node, toKey(token))
  return node === null ? (phraseTable().startingWith(key) ?? undefined) : followWord(node, key)
}

const NO_MEANINGS: ReadonlyArray<Meaning> = []

/** The longest phrase at each place of an NFC text. Linear: a phrase has few words. */
export const readItems = (text: string): ReadonlyArray<TimeItem> => {
  const tokens = readTokens(text)
  if (!isLatin(text)) phraseTable().readOtherNumbers()
  let words: ReadonlySet<string> | undefined
  const isShown = ({ isGuarded, language }: Meaning): boolean => {
    if (!isGuarded) return true
    words ??= new Set(tokens.map(({ key }) => key))
    for (const word of phraseTable().evidence(language)) if (words.has(word)) return true
    return false
  }
  const items: Array<TimeItem> = []
  for (let i = 0; i < tokens.length;) {
    const first = tokens[i]
    if (first === undefined) break
    let length = 1
    let meanings: ReadonlyArray<Meaning> = NO_MEANINGS
    let node: PhraseNode | null | undefined = null
    for (let j = i; j < tokens.length; j++) {
      const token = tokens[j]
      node = token === undefined ? undefined : follow(node, token)
      if (node === undefined) break
      const shown = node.meanings.some(({ isGuarded }) => isGuarded)
        ? node.meanings.filter(isShown)
        : node.meanings
      if (shown.length === 0) continue
      length = j - i + 1
      meanings = shown
    }
    items.push({ meanings, first, last: tokens[i + length - 1] ?? first })
    i += length
  }
  return items
}
