/** The speakers of a scope, by the words of their names. */
import { STOP_WORDS } from "../tokenise.ts"
import { inflect, peel } from "./inflections.ts"
import { type NameUnit, readUnits } from "./words.ts"

/** Longer names are found by their first word alone. */
const UNITS_MAX = 16

/** Names that one word of a sentence may stand for. */
const CANDIDATES_MAX = 4

/** How the sentence is written: one in small letters names people so too. */
export type LetterCase = "mixed" | "lower" | "upper"

/** Words before a name that are none. */
const TITLES = new Set(
  "dr prof mr mrs ms miss sir herr frau mme mlle m monsieur madame sr sra srta señor señora don doña sig signor signora pan pani dhr mevr".split(
    " "
  )
)

/** The speakers at the end of a walk through the words of a name. */
interface Named {
  /** Speakers of exactly this name. */
  readonly full: Array<number>
  /** Speakers whose first or given name it is. */
  readonly part: Array<number>
  /** Speakers whose family name it is, before a form of address. */
  readonly family: Array<number>
}

export interface NameNode extends Named {
  readonly next: Map<string, NameNode>
}

const makeNode = (): NameNode => ({ next: new Map(), full: [], part: [], family: [] })

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
const NAMING = /[\p{L}\p{N}\p{Extended_Pictographic}]/u

const isTitle = (word: string): boolean => TITLES.has(word.toLowerCase().replaceAll(".", ""))

/** Parts that stand for a name: the first word that is no title, and what unspaced names have for it. */
const readParts = (
  name: string
): { readonly part: ReadonlyArray<string>; readonly family: ReadonlyArray<string> } => {
  const words = name.split(/\s+/u)
  const [first = ""] = words.filter((word) => !isTitle(word))
  if (words.length > 1) return { part: first.length > 1 ? [first] : [], family: [] }
  if (HANGUL_NAME.test(name)) return { part: [name.slice(1)], family: [] }
  if (!HAN_NAME.test(name)) return { part: [], family: [] }
  return {
    part: name.length === 3 ? [name.slice(1)] : [],
    family: name.length > 2 ? [name.slice(0, 2), name.slice(0, 1)] : [name.slice(0, 1)]
  }
}

/** Hyphens join and part the words of a name at will. */
const isHyphen = ({ key }: NameUnit): boolean => key === "-" || key === "\u2010" || key === "\u2011"

/** The units that a name is compared by. */
export const toNameUnits = (text: string): ReadonlyArray<NameUnit> =>
  readUnits(text).filter((unit) => !isHyphen(unit))

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
      const { family, part } = readParts(name)
      this.#add(name.startsWith("@") ? name.slice(1) : name, starts, "full", i)
      for (const text of part) this.#add(text, starts, "part", i)
      for (const text of family) this.#add(text, starts, "family", i)
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
    for (const { key } of units) {
      const word = this.#addWord(key)
      const next = node.next.get(word) ?? makeNode()
      node.next.set(word, next)
      node = next
    }
    node[kind].push(speaker)
  }

  #addWord(key: string): string {
    const word = withCase(key, this.#letterCase)
    if (this.#exact.has(word)) return word
    this.#exact.add(word)
    const forms = inflect(key).map((form) => withCase(form, this.#letterCase))
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
