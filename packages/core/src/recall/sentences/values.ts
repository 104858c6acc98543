/** What can be otherwise in a later statement: days, months, colours, numbers, names. */
import { lazily } from "../../runtime/lazily.ts"
import { foldAll } from "../../text/terms/foldAll.ts"
import { stopMask } from "../../text/terms/stopWords.ts"
import { CALENDAR_WORDS } from "../../text/time/calendarWords.ts"
import { COLOURS, DAY_GROUPS, DAY_PARTS, GREAT_NUMBERS } from "./cueWords.ts"

export const VALUE_KINDS = ["weekday", "month", "dayPart", "colour", "identifier", "number", "name"] as const

export type ValueKind = (typeof VALUE_KINDS)[number]

export interface Value {
  readonly kind: ValueKind
  readonly value: string
  /** Of a number: what it counts; `""` where that is not said. */
  readonly unit: string
  /** Index of its token; beyond the last one where words are not spaced. */
  readonly at: number
}

/** A word that is a value by itself. */
export type WordValue = Pick<Value, "kind" | "value">

/** Letters and digits in one run: `INV-2291`. */
const IDENTIFIER = /(?=\S*\p{L})(?=\S*\p{N})[\p{L}\p{N}][\p{L}\p{N}_.@/-]{2,}[\p{L}\p{N}]/gu
/** "10kg", "3rd", "5일이에요". */
const COUNTED_RUN = /^\p{N}+(?:\p{L}{1,2}|\p{Script=Hangul}+)$/u
/** A number beside characters, in any figures. */
const BESIDE_CHARACTERS = /[一二三四五六七八九十两]+|\p{N}+(?:[.,:]\p{N}+)*(?=\p{L})/gu
/** Scripts without spaces, and Korean, whose words carry their particles. */
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
export const HANGUL = /\p{Script=Hangul}/u

/** Those that `CalendarWords.phrases` has. */
const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

/** Korean numbers that stand before what they count, and the counters that tell them from other words. */
const NATIVE = "한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|열한|열두".split("|")
const COUNTED_BY = "시간|시|개|명|번|마리|권|잔|살|달|주|층|장|병|군데"
const COUNTER = new RegExp(`^(?:${COUNTED_BY})`, "u")
const NATIVE_COUNTED = new RegExp(`^(${NATIVE.join("|")})(${COUNTED_BY})`, "u")

/** Before the value of a group of days. */
const GROUP = "group:"

/** Kinds of values that are function words of another language. */
const TOLD_BY_LANGUAGE: ReadonlySet<ValueKind> = new Set(["number", "month"])

/** A run of one character is found in too many words. */
const RUN_MIN = 2

/** Whether a value is one day of the week, and no group of days. */
export const isOneDay = ({ kind, value }: WordValue): boolean =>
  kind === "weekday" && !value.startsWith(GROUP)

export const isUnspaced = (text: string): boolean => UNSPACED.test(text)
export const hasRuns = (text: string): boolean => UNSPACED.test(text) || HANGUL.test(text)

interface ValueTable {
  readonly words: ReadonlyMap<string, WordValue>
  readonly runs: ReadonlyArray<readonly [text: string, value: WordValue]>
}

/** Values, each with its forms as they are written. */
const listValues = (): ReadonlyArray<readonly [value: WordValue, forms: string]> => {
  const listed: Array<readonly [WordValue, string]> = []
  /** Values in order from the number `first` on, each with its forms. */
  const addAll = (kind: ValueKind, values: ReadonlyArray<string>, prefix = "", first = 0): void => {
    for (const [i, forms] of values.entries()) listed.push([{ kind, value: `${prefix}${first + i}` }, forms])
  }
  for (const { months, phrases, weekdays } of CALENDAR_WORDS) {
    addAll("weekday", weekdays.split("|"))
    addAll("month", months.split("|"))
    addAll(
      "number",
      NUMBERS.map((number) => phrases[number] ?? ""),
      "",
      1
    )
  }
  for (const [number, forms] of GREAT_NUMBERS) addAll("number", [forms], "", number)
  for (const groups of DAY_GROUPS) addAll("weekday", groups.split("|"), GROUP)
  for (const parts of DAY_PARTS) addAll("dayPart", parts.split("|"))
  for (const [language, colours] of COLOURS.entries()) addAll("colour", colours.split("|"), `${language}:`)
  return listed
}

const valueTable = lazily((): ValueTable => {
  const words = new Map<string, WordValue>()
  const runs: Array<readonly [string, WordValue]> = []
  const listed = listValues()
  const folded = foldAll(listed.map(([, forms]) => forms))
  for (const [i, [value]] of listed.entries()) {
    const forms = folded[i] ?? ""
    const mayRun = hasRuns(forms)
    for (const form of forms.split(/[/|]/u)) {
      const word = form.startsWith("?") ? form.slice(1) : form
      if (mayRun && hasRuns(word)) {
        if (word.length >= RUN_MIN) runs.push([word, value])
      } else if (
        !word.includes(" ") &&
        (stopMask(word) === 0 || TOLD_BY_LANGUAGE.has(value.kind)) &&
        !words.has(word)
      )
        words.set(word, value)
    }
  }
  return { words, runs }
})

/** Months that are verbs too, where they have no capital. */
const isVerb = (word: string): boolean => word === "may" || word === "march"

/** The value of a word as it is written and folded; `isPlural` for "on Mondays". */
export const readWordValue = (
  written: string,
  bare: string
): { readonly value: WordValue; readonly isPlural: boolean } | null => {
  const { words } = valueTable()
  const own = words.get(bare)
  const value = own ?? (bare.endsWith("s") ? words.get(bare.slice(0, -1)) : undefined)
  if (value === undefined || (value.kind === "month" && isVerb(written))) return null
  return { value, isPlural: own === undefined }
}

/** A Korean number by its word and the one behind it: "세 시에", "세시에"; `null` for another word, such as "네" for yes. */
export const readNative = (word: string, next: string): Pick<Value, "value" | "unit"> | null => {
  const [, number = word, attached] = NATIVE_COUNTED.exec(word) ?? []
  const unit = attached ?? COUNTER.exec(next)?.[0]
  const at = NATIVE.indexOf(number)
  return at < 0 || unit === undefined ? null : { value: String(at + 1), unit }
}

/** The values of a text that are no words: identifiers, and what characters without spaces hold. */
export const readRunValues = (lowered: string, at: number): ReadonlyArray<Value> => {
  const found: Array<Value> = []
  for (const { 0: value } of lowered.matchAll(IDENTIFIER))
    if (!COUNTED_RUN.test(value) && !isUnspaced(value))
      found.push({ kind: "identifier", value, unit: "", at })
  if (!hasRuns(lowered)) return found
  for (const [run, value] of valueTable().runs)
    if (lowered.includes(run)) found.push({ ...value, unit: "", at })
  for (const { 0: value, index } of lowered.matchAll(BESIDE_CHARACTERS))
    found.push({ kind: "number", value, unit: lowered[index + value.length] ?? "", at })
  return found
}
