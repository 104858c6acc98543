/** Cuts a question into numbers, phrases of `calendarWords.ts` and other words. */
import { peel } from "../names/inflections.ts"
import { CALENDAR_WORDS } from "./calendarWords.ts"
import { foldWord, readTokens, type TimeToken } from "./timeTokens.ts"

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

const addPhrase = (root: PhraseNode, phrase: string, code: string, language: number): void => {
  const isGuarded = phrase.startsWith("?")
  let node = root
  for (const token of readTokens(isGuarded ? phrase.slice(1) : phrase)) {
    const next = node.next.get(toKey(token)) ?? makeNode()
    node.next.set(toKey(token), next)
    node = next
  }
  node.meanings.push({ code, language, isGuarded })
}

/** 上周五 is the Friday of last week: the week's own word ends the weekday's. */
const addChineseWeekdays = (root: PhraseNode, week: string, code: string, language: number): void => {
  for (const [i, names] of ["一", "二", "三", "四", "五", "六", "日天"].entries()) {
    for (const name of names) addPhrase(root, week + name, `${code}:${i}`, language)
  }
}

interface PhraseTable {
  readonly root: PhraseNode
  readonly evidence: ReadonlyArray<ReadonlySet<string>>
}

const makeTable = (): PhraseTable => {
  const root = makeNode()
  for (const [language, { months, phrases, weekdays }] of CALENDAR_WORDS.entries()) {
    const lists = [
      ...months.split("|").map((month, i) => [`M${i}`, month.split("/")] as const),
      ...weekdays.split("|").map((weekday, i) => [`W${i}`, weekday.split("/")] as const),
      ...Object.entries(phrases).map(([code, list]) => [code, list.split("|")] as const)
    ]
    for (const [code, list] of lists) {
      for (const phrase of list) {
        addPhrase(root, phrase, code, language)
        if (/^w.*[周週期拜]$/u.test(code + phrase)) addChineseWeekdays(root, phrase, code, language)
      }
    }
  }
  const evidence = CALENDAR_WORDS.map(
    (words) => new Set((words.evidence ?? "").split("|").map((word) => foldWord(word)))
  )
  return { root, evidence }
}

let table: PhraseTable | undefined

/** Made with the first question: a program that asks none does not wait for it. */
const phraseTable = (): PhraseTable => (table ??= makeTable())

const follow = (node: PhraseNode, token: TimeToken): PhraseNode | undefined =>
  node.next.get(toKey(token)) ??
  (token.key === "" ? undefined : peel(token.key).flatMap((base) => node.next.get(base) ?? [])[0])

const NO_MEANINGS: ReadonlyArray<Meaning> = []

/** The longest phrase at each place of an NFC text. Linear: a phrase has few words. */
export const readItems = (text: string): ReadonlyArray<TimeItem> => {
  const { evidence, root } = phraseTable()
  const tokens = readTokens(text)
  let words: ReadonlySet<string> | undefined
  const isShown = ({ isGuarded, language }: Meaning): boolean => {
    if (!isGuarded) return true
    words ??= new Set(tokens.map(({ key }) => key))
    for (const word of evidence[language] ?? []) if (words.has(word)) return true
    return false
  }
  const items: Array<TimeItem> = []
  for (let i = 0; i < tokens.length;) {
    const first = tokens[i]
    if (first === undefined) break
    let length = 1
    let meanings: ReadonlyArray<Meaning> = NO_MEANINGS
    let node: PhraseNode | undefined = root
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
