import { lazily } from "../../runtime/lazily.ts"
import { stopMask } from "./stopWords.ts"
import { formNumbers, type Joined, type Word } from "./Word.ts"

/** What a run is, wherever it stands. */
export interface RunForm {
  /** As it is written, folded. */
  readonly text: string
  /** In lower case; without its apostrophes if it has no other mark. */
  readonly lower: string
  /** The languages of which it is a function word. */
  readonly stop: number
  /** Its terms, once they are read. */
  reading: Reading | null
}

/** The words of a run, and terms over several of them by their indexes among these. */
export interface Reading {
  readonly words: ReadonlyArray<Word>
  readonly joined: ReadonlyArray<Joined>
  /** Of both, by `formNumbers`. */
  readonly numbers: ReadonlyArray<number>
}

export const toReading = (words: ReadonlyArray<Word>, joined: ReadonlyArray<Joined>): Reading => ({
  words,
  joined,
  numbers: formNumbers(words, joined)
})

const OTHER_MARK = /[._+@/\\:?=&#~-]/

/** Articles, pronouns and prepositions that lose their vowel. */
const ELIDED = new Set(
  (
    "l d j m n s t c v qu lorsqu puisqu jusqu quoiqu presqu quelqu dell all nell sull dall coll un quell quest bell sant " +
    "gl degl agl negl sugl dagl"
  ).split(" ")
)
const VOWEL = /^[aeiouyh]/

/** A run whose only marks are apostrophes, as one word: `l'olio` is `olio`, `Anna's` is `Anna`, `O'Brien` is `OBrien`. */
const withoutApostrophes = (lower: string): string => {
  const parts = lower.split("'")
  const [first = "", ...rest] = parts
  if (parts.at(-1) === "s") return parts.slice(0, -1).join("")
  const tail = rest.join("")
  return ELIDED.has(first) && VOWEL.test(tail) && tail.length > 1 ? tail : first + tail
}

/** No language's rules: a final sigma is a sigma, also where lower case makes it. */
export const toLower = (text: string): string => text.toLowerCase().replaceAll("ς", "σ")

const readForm = (text: string): RunForm => {
  const written = toLower(text)
  if (!written.includes("'")) return { text, lower: written, stop: stopMask(written), reading: null }
  if (OTHER_MARK.test(text)) return { text, lower: written, stop: 0, reading: null }
  const lower = withoutApostrophes(written)
  // A contraction is a function word as a whole ("don't"), "d'un" by what is left of it.
  const stop = stopMask(written.replaceAll("'", "")) | stopMask(lower)
  return { text, lower, stop, reading: null }
}

/** Longer runs are seldom said again. */
const CACHED_LENGTH = 32
const SETS = 4_096
/** Places of a set. */
const WAYS = 4

/** Where `nextHash` begins. Of each process its own, so that nobody writes words that fall into one set. */
export const HASH_START = Math.trunc(Math.random() * 2 ** 32) | 0

/** The hash of a text with one more UTF-16 code unit. */
export const nextHash = (hash: number, code: number): number => Math.imul(hash ^ code, 0x01000193)

const hashSlice = (text: string, start: number, end: number): number => {
  let hash = HASH_START
  for (let i = start; i < end; i++) hash = nextHash(hash, text.charCodeAt(i))
  return hash
}

const isSlice = (form: string, text: string, start: number, end: number): boolean => {
  if (form.length !== end - start) return false
  for (let i = 0; i < form.length; i++) if (form.charCodeAt(i) !== text.charCodeAt(start + i)) return false
  return true
}

/**
 * The forms of runs, which most text repeats: found by their place in a text, so that no string is made of them. In
 * each set a form that was found again since the last one came stays longest (second chance).
 */
class FormCache {
  // `Array.from` takes a millisecond.
  // oxlint-disable-next-line unicorn/no-new-array
  readonly #forms = new Array<RunForm | undefined>(SETS * WAYS)
  readonly #hashes = new Int32Array(SETS * WAYS)
  readonly #wasFound = new Uint8Array(SETS * WAYS)

  get(text: string, start: number, end: number, hash: number): RunForm {
    if (end - start > CACHED_LENGTH) return readForm(text.slice(start, end))
    const set = WAYS * ((hash ^ (hash >>> 15)) & (SETS - 1))
    for (let at = set; at < set + WAYS; at++) {
      const form = this.#forms[at]
      if (this.#hashes[at] === hash && form !== undefined && isSlice(form.text, text, start, end)) {
        this.#wasFound[at] = 1
        return form
      }
    }
    const at = this.#choose(set)
    const form = readForm(text.slice(start, end))
    this.#forms[at] = form
    this.#hashes[at] = hash
    return form
  }

  /** The place that the next form of a set takes. */
  #choose(set: number): number {
    for (let at = set; at < set + WAYS; at++) if (this.#wasFound[at] === 0) return at
    this.#wasFound.fill(0, set, set + WAYS)
    return set
  }
}

/** Made for the first text: a process may read none. */
const forms = lazily(() => new FormCache())

/** The form of the run that stands in a text from `start` to `end`. @param hash of its code units, by `nextHash` */
export const formAt = (
  text: string,
  start: number,
  end: number,
  hash = hashSlice(text, start, end)
): RunForm => forms().get(text, start, end, hash)
