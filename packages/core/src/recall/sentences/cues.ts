import { lazily } from "../../runtime/lazily.ts"
import { foldAll } from "../../text/terms/foldAll.ts"
import { languageMask } from "../../text/terms/stopWords.ts"
import { ASKING_RUNS, ASKING_WORDS, type AskingWords } from "./askingWords.ts"
import { CUE_RUNS, CUE_WORDS, type CueWords } from "./cueWords.ts"

type Cue = Exclude<keyof CueWords | keyof AskingWords, "languages">

const CUES = [
  "change",
  "correction",
  "choice",
  "once",
  "always",
  "also",
  "perhaps",
  "history",
  "stays",
  "negation",
  "first",
  "third",
  "people",
  "home",
  "moves",
  "asksPlace",
  "asksName",
  "asksColour",
  "asksTime",
  "asksCount",
  "asksWhich",
  "asksPast"
] as const satisfies ReadonlyArray<Cue>

/** The bit of each cue. */
export const CUE = Object.fromEntries(CUES.map((cue, i) => [cue, 1 << i])) as {
  readonly [cue in (typeof CUES)[number]]: number
}

/** A phrase that begins with a known word. Most are never met: it is cut into words when its first one is. */
interface CuePhrase {
  readonly phrase: string
  words: ReadonlyArray<string> | null
  readonly cue: number
}

/** In the place of a weekday's name. */
export const WEEKDAY = "weekday"

/** A `*` between words stands for up to so many. */
const GAP_MAX = 4
/** Letters by which a word with any ending is looked up. */
const HEAD = 2

interface CueTable {
  readonly byWord: ReadonlyMap<string, ReadonlyArray<CuePhrase>>
  /** Phrases whose first word has any ending, by its first letters. */
  readonly byHead: ReadonlyMap<string, ReadonlyArray<CuePhrase>>
}

const makeTable = (languages: number): CueTable => {
  const byWord = new Map<string, Array<CuePhrase>>()
  const byHead = new Map<string, Array<CuePhrase>>()
  const cues: Array<number> = []
  const texts: Array<string> = []
  const rows: ReadonlyArray<Partial<CueWords & AskingWords>> = [...CUE_WORDS, ...ASKING_WORDS]
  for (const row of rows) {
    if (languages !== 0 && (languageMask(row.languages ?? "") & languages) === 0) continue
    for (const cue of CUES) {
      const phrases = row[cue]
      if (phrases === undefined) continue
      cues.push(CUE[cue])
      texts.push(phrases)
    }
  }
  for (const [i, phrases] of foldAll(texts).entries()) {
    const cue = cues[i] ?? 0
    for (const phrase of phrases.split("|")) {
      const end = phrase.indexOf(" ")
      const first = end < 0 ? phrase : phrase.slice(0, end)
      const [map, key] = first.endsWith("*") ? [byHead, first.slice(0, HEAD)] : [byWord, first]
      const known = map.get(key)
      if (known === undefined) map.set(key, [{ phrase, words: null, cue }])
      else known.push({ phrase, words: null, cue })
    }
  }
  return { byWord, byHead }
}

/** Most texts are in one language, a few in two or three that are alike. */
const TABLES_MAX = 64

const tables = new Map<number, CueTable>()

/** The phrases of languages, made with the first text in them; 0 for those of every language. */
const cueTable = (languages: number): CueTable => {
  const known = tables.get(languages)
  if (known !== undefined) return known
  if (tables.size >= TABLES_MAX) tables.clear()
  const table = makeTable(languages)
  tables.set(languages, table)
  return table
}

/** Characters of the runs in the two ways of writing Chinese, and Japanese. */
const TRADITIONAL =
  "現现換换變变辭辞轉转從从說说錯错記记誤误這这個个臨临時时還还沒没別别媽妈親亲鄰邻兒儿誰谁麼么幾几點点號号顏颜紅红藍蓝綠绿黃黄總总過过裡里兩两對对實实寫写會会後后舊旧週周開开關关們们壞坏樣样問问給给讓让與与調调動动遷迁"
const SIMPLE: ReadonlyMap<string, string> = new Map(
  Array.from({ length: TRADITIONAL.length / 2 }, (_, i) => [
    TRADITIONAL[2 * i] ?? "",
    TRADITIONAL[2 * i + 1] ?? ""
  ])
)
const IN_TWO_WAYS = new RegExp(`[${Array.from(SIMPLE.keys()).join("")}]`, "gu")

/** A text with such a character in one way, so that a run is found in either. */
const inOneWay = (text: string): string =>
  text.replaceAll(IN_TWO_WAYS, (character) => SIMPLE.get(character) ?? character)

const cueRuns = lazily(() => {
  const runs = { ...CUE_RUNS, ...ASKING_RUNS }
  return CUES.flatMap((cue) =>
    inOneWay(runs[cue])
      .split("|")
      .map((text) => ({ text, cue: CUE[cue] }))
  )
})

const isWord = (pattern: string, word: string): boolean =>
  pattern.endsWith("*") ? word.startsWith(pattern.slice(0, -1)) : word === pattern

const matches = (phrase: ReadonlyArray<string>, words: ReadonlyArray<string>, at: number): boolean => {
  let place = at
  for (const [i, pattern] of phrase.entries()) {
    if (pattern === "*") {
      const rest = phrase.slice(i + 1)
      for (let gap = 1; gap <= GAP_MAX; gap++) if (matches(rest, words, place + gap)) return true
      return false
    }
    if (!isWord(pattern, words[place] ?? "")) return false
    place++
  }
  return true
}

/**
 * Calls `found` with each cue of a row of folded words and the place of its first word. `languages` are those that the
 * text may be in; 0 for a text that does not tell.
 */
export const findCues = (
  words: ReadonlyArray<string>,
  languages: number,
  found: (cue: number, at: number) => void
): void => {
  const { byHead, byWord } = cueTable(languages)
  const test = (phrases: ReadonlyArray<CuePhrase> | undefined, at: number): void => {
    for (const phrase of phrases ?? []) {
      phrase.words ??= phrase.phrase.split(" ")
      if (matches(phrase.words, words, at)) found(phrase.cue, at)
    }
  }
  for (const [at, word] of words.entries()) {
    test(byWord.get(word), at)
    test(byHead.get(word.slice(0, HEAD)), at)
  }
}

/** The cues of a text whose words are not spaced. */
export const findCueRuns = (text: string): number => {
  const written = inOneWay(text)
  let cues = 0
  for (const run of cueRuns()) if ((cues & run.cue) === 0 && written.includes(run.text)) cues |= run.cue
  return cues
}

/** The persons in a text whose words are not spaced, or in Korean. */
export const findPeopleRuns = (lowered: string): ReadonlyArray<string> => {
  const written = inOneWay(lowered)
  return inOneWay(CUE_RUNS.people)
    .split("|")
    .filter((person) => written.includes(person))
}

/** A person before what is theirs or what they do: with a particle, or in Korean and Thai before or behind it without one. */
const ownerRun = lazily(() => {
  const people = inOneWay(CUE_RUNS.people).split("|")
  const of = (script: RegExp): string => people.filter((person) => script.test(person)).join("|")
  const korean = of(/\p{Script=Hangul}/u)
  const characters = of(/\p{scx=Han}|\p{scx=Hira}/u)
  const subject = "(?:은|는|이|가|도|께서)"
  return new RegExp(
    `(?:${characters})[的のはが]|^我?(?:们|的|家)?(?:${characters})|(?<!\\p{Script=Hangul})(?:우리 )?(?:${korean})(?:의|네|${subject})?\\s|ของ(?:${of(/\p{Script=Thai}/u)})`,
    "u"
  )
})

/** Whether a text whose words are not spaced, or in Korean, has a person who owns what it speaks of. */
export const hasOwnerRun = (lowered: string): boolean => ownerRun().test(inOneWay(lowered))

/** What may stand before a word of moving home where words are not spaced, and in Korean: oneself, when, where to. */
const OWN_MOVE = [
  /^(?:我们?|咱们?|我家|又|再|已经|最近|刚刚?|前天|昨天|上周|上个月|去年|今年|终于|都|要|[\s，,、])*搬(?:家|出|到|去|了)/u,
  /^(?:(?:私|僕|俺|うち|わたし)(?:たち)?[はも]?)?[^はがをも]*(?:引っ越|移り住)/u,
  /^(?:(?:저|나|우리|저희)(?:는|도|네는)?\s)?(?:(?!\S*(?:이|가|은|는|을|를|도|집)\s)\S+\s)*이사/u
]

/** Whether who speaks moves home, and nobody and nothing else does: not "会社が引っ越した", "把桌子搬到阳台了". */
export const isOwnMoveRun = (lowered: string): boolean => {
  const written = inOneWay(lowered).trim()
  return OWN_MOVE.some((form) => form.test(written))
}
