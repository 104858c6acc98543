/** The speakers of a scope, by the words of their names. */
import { STOP_WORDS } from "../tokenise.ts"
import { inflect, peel, spellOut } from "./inflections.ts"
import { type NameUnit, readUnits } from "./words.ts"

/** Longer names are found by their first word alone. */
const UNITS_MAX = 16

/** Names that one word of a sentence may stand for. */
const CANDIDATES_MAX = 4

/** How the sentence is written: one in small letters names people so too. */
export type LetterCase = "mixed" | "lower" | "upper"

/** Words before a name that are none, and those behind it. */
const TITLES = new Set(
  (
    "dr prof mr mrs ms miss sir herr frau mme mlle m monsieur madame sr sra srta señor señora don doña sig signor signora pan pani dhr mevr " +
    "doctor doktor docteur doctora dottore dottoressa professor professora professeur profesor profesora prof ing mag lady lord dame " +
    "schwester pfarrer father sister brother captain coach г господин госпожа bay bayan"
  ).split(" ")
)
const BEHIND = new Set("jr sr ii iii iv phd md esq junior senior".split(" "))

/** The speakers at the end of a walk through the words of a name. */
export interface Named {
  /** Speakers of exactly this name. */
  readonly full: Array<number>
  /** Speakers whose first or given name it is. */
  readonly part: Array<number>
  /** Speakers whose last name it is. */
  readonly last: Array<number>
  /** Speakers whose family name it is, before a form of address. */
  readonly family: Array<number>
}

export interface NameNode extends Named {
  readonly next: Map<string, NameNode>
}

const makeNode = (): NameNode => ({ next: new Map(), full: [], part: [], last: [], family: [] })

const withCase = (key: string, letterCase: LetterCase): string => {
  if (letterCase === "lower") return key.toLowerCase()
  return letterCase === "upper" ? key.toUpperCase() : key
}

/** A name that software gives, which people write in any case. */
const isHandle = (key: string): boolean => /[_\p{N}]/u.test(key)

const capitalise = (key: string): string => {
  const first = String.fromCodePoint(key.codePointAt(0) ?? 0)
  return first.toUpperCase() + key.slice(first.length)
}

const HAN_NAME = /^\p{Script=Han}{2,4}$/u
const HANGUL_NAME = /^\p{Script=Hangul}{3}$/u
/** A letter without case, or a capital: "Ana from support" has no last name. */
const STARTS = /^[\p{Lu}\p{Lt}\p{Lo}]/u
const NAMING = /[\p{L}\p{N}\p{Extended_Pictographic}]/u

/** Whether a word is one before a name, with or without a full stop. */
export const isTitle = (word: string): boolean => TITLES.has(word.toLowerCase().replaceAll(".", ""))

/** What stands for a name beside the whole of it. */
type ShortForms = { readonly [kind in Exclude<keyof Named, "full">]: ReadonlyArray<string> }

/** Initials with their full stops: `T.J.`, which people write as `TJ`, and the other way round. */
const INITIALS = /^(?:\p{Lu}\.){2,}\p{Lu}?$/u
const JOINED_INITIALS = /^\p{Lu}{2,3}$/u

const otherInitials = (word: string): ReadonlyArray<string> => {
  if (INITIALS.test(word)) return [word.replaceAll(".", "")]
  return JOINED_INITIALS.test(word) ? [`${Array.from(word).join(".")}.`, Array.from(word).join(".")] : []
}

/** A name in words: the first that is no title, and the last one. */
const readWords = (words: ReadonlyArray<string>): ShortForms => {
  const named = words.filter((word) => !isTitle(word) && !BEHIND.has(word.toLowerCase().replaceAll(".", "")))
  const [first = ""] = named
  const last = named.length > 1 ? (named.at(-1) ?? "") : ""
  return {
    part: first.length > 1 ? [first, ...otherInitials(first)] : [],
    last: last.length > 1 && STARTS.test(last) ? [last] : [],
    family: []
  }
}

/** Short forms of a name: words of it, and of unspaced names what is called the given or the family name. */
const readShortForms = (name: string): ShortForms => {
  const words = name.split(/\s+/u)
  if (words.length > 1) return readWords(words)
  if (HANGUL_NAME.test(name)) return { part: [name.slice(1)], last: [], family: [] }
  if (!HAN_NAME.test(name)) return { part: otherInitials(name), last: [], family: [] }
  return {
    part: name.length === 3 ? [name.slice(1)] : [],
    last: name.length === 4 ? [name.slice(2)] : [],
    family: name.length > 2 ? [name.slice(0, 2), name.slice(0, 1)] : [name.slice(0, 1)]
  }
}

/** Hyphens join and part the words of a name at will. */
const isHyphen = ({ key }: NameUnit): boolean => key === "-" || key === "\u2010" || key === "\u2011"

/** The units that a name is compared by. */
export const toNameUnits = (text: string): ReadonlyArray<NameUnit> =>
  readUnits(text).filter((unit) => !isHyphen(unit))

const SHORT_KINDS = ["part", "last", "family"] as const

/** Finds names in sentences. Linear in the names. */
export class NameIndex {
  readonly root: NameNode = makeNode()
  readonly #letterCase: LetterCase
  /** Words of names by each of their forms. */
  readonly #words = new Map<string, Array<string>>()
  readonly #exact = new Set<string>()

  /** @param units of the one sentence that is asked, so that most of many names are passed over; `null` for any sentence */
  constructor(names: ReadonlyArray<string>, units: ReadonlyArray<NameUnit> | null, letterCase: LetterCase) {
    this.#letterCase = letterCase
    const keys = new Set(units?.map(({ key }) => key))
    const starts =
      units === null ? null : new Set(Array.from(keys, (key) => [key, ...peel(key)].map(toStart)).flat())
    for (const [i, name] of names.entries()) {
      this.#add(name.startsWith("@") ? name.slice(1) : name, starts, "full", i)
      const forms = readShortForms(name)
      for (const kind of SHORT_KINDS) for (const text of forms[kind]) this.#add(text, starts, kind, i)
    }
  }

  /** None of the names can be in the sentence. */
  get isEmpty(): boolean {
    return this.root.next.size === 0
  }

  /** The words of names that a word of the sentence may be. */
  match(key: string): ReadonlyArray<string> {
    const word = withCase(key, this.#letterCase)
    if (this.#exact.has(word)) return [word]
    const known = this.#words.get(word) ?? (isHandle(word) ? this.#words.get(word.toLowerCase()) : undefined)
    if (known !== undefined) return known
    return peel(word)
      .flatMap((base) => (this.#exact.has(base) ? [base] : (this.#words.get(base) ?? [])))
      .slice(0, CANDIDATES_MAX)
  }

  #add(text: string, starts: ReadonlySet<string> | null, kind: keyof Named, speaker: number): void {
    const units = toNameUnits(text)
    const [first] = units
    if (first === undefined || units.length > UNITS_MAX || !NAMING.test(text)) return
    // "will" in a sentence in small letters is no person.
    if (units.length === 1 && this.#letterCase !== "mixed" && STOP_WORDS.has(first.key.toLowerCase())) return
    // Most names are not in the sentence.
    if (starts !== null && !units.every(({ key }) => starts.has(toStart(key)))) return
    let node = this.root
    for (const { end, key, start } of units) {
      const word = this.#addWord(key, text.slice(start, end))
      const next = node.next.get(word) ?? makeNode()
      node.next.set(word, next)
      node = next
    }
    node[kind].push(speaker)
  }

  /** @param written with its marks */
  #addWord(key: string, written: string): string {
    const word = withCase(key, this.#letterCase)
    if (this.#exact.has(word)) return word
    this.#exact.add(word)
    const forms = [...inflect(key), ...spellOut(written)].map((form) => withCase(form, this.#letterCase))
    if (isHandle(word)) forms.push(word.toLowerCase())
    if (!STOP_WORDS.has(word)) forms.push(capitalise(word))
    for (const form of forms) {
      const known = this.#words.get(form) ?? []
      if (known.length < CANDIDATES_MAX) this.#words.set(form, [...known, word])
    }
    return word
  }
}

/** Words that begin alike may be forms of one name. */
const toStart = (key: string): string => key.slice(0, 2).toLowerCase()
