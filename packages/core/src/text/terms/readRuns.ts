import { lazily } from "../../runtime/lazily.ts"
import { ENGLISH, guessLanguages, stopMask } from "./stopWords.ts"

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/
/** Letters and digits, joined by single marks as in `a@b.org`, `E-4012`, `snake_case`, `https://x.org/a?b=1`, `c++`. */
const anyRun = lazily(
  () =>
    /[\p{L}\p{N}\p{M}_]+(?:(?::\/\/|:\\|['.@:/\\+&=?#~-])[\p{L}\p{N}\p{M}_]+)*(?:\+\+|#(?![\p{L}\p{N}_]))?|\p{RI}{2}|\p{Extended_Pictographic}/gu
)
/** The same for ASCII, which most text is: several times as fast. */
const ASCII_RUN = /[A-Za-z\d_]+(?:(?::\/\/|:\\|['.@:/\\+&=?#~-])[A-Za-z\d_]+)*(?:\+\+|#(?![A-Za-z\d_]))?/g
const OTHER_MARK = /[._+@/\\:?=&#~-]/

/** What a run is, wherever it stands. */
interface Form {
  /** In lower case; without its apostrophes if it has no other mark. */
  readonly lower: string
  /** The languages of which it is a function word. */
  readonly stop: number
}

/** A run of a text. */
export interface Run extends Form {
  /** As it is written, folded. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The runs of a text that carry meaning. */
export interface Runs {
  readonly meant: ReadonlyArray<Run>
  /** Whether the function words are English. */
  readonly english: boolean
}

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

const readForm = (text: string): Form => {
  const written = toLower(text)
  if (!written.includes("'")) return { lower: written, stop: stopMask(written) }
  if (OTHER_MARK.test(text)) return { lower: written, stop: 0 }
  const lower = withoutApostrophes(written)
  // A contraction is a function word as a whole ("don't"), "d'un" by what is left of it.
  return { lower, stop: stopMask(written.replaceAll("'", "")) | stopMask(lower) }
}

/** Runs whose forms are kept: most text repeats them. */
const CACHED_RUNS = 20_000
const CACHED_LENGTH = 32
const forms = new Map<string, Form>()

const formOf = (text: string): Form => {
  const cached = forms.get(text)
  if (cached !== undefined) return cached
  const form = readForm(text)
  if (text.length > CACHED_LENGTH) return form
  if (forms.size >= CACHED_RUNS) forms.clear()
  forms.set(text, form)
  return form
}

const toRun = (text: string, start: number): Run => {
  const { lower, stop } = formOf(text)
  return { text, lower, start, end: start + text.length, stop }
}

const SENTENCE_END = /[.!?:;\n\u2026\u00a1\u00bf\u3002]/u
/** Quotes, brackets and marks of lists may stand between the end of a sentence and the next. */
const BETWEEN = /[\s"'()[\]{}*_\u00ab\u00bb\u201c\u201d\u201e>-]/u
const BETWEEN_MAX = 12

/** Whether a sentence begins at `start`. */
const beginsSentence = (text: string, start: number): boolean => {
  let i = start - 1
  while (i >= 0 && i > start - BETWEEN_MAX && BETWEEN.test(text[i] ?? "")) {
    if (text[i] === "\n") return true
    i--
  }
  return i < 0 || SENTENCE_END.test(text[i] ?? "")
}

/** Capitals by rule of spelling, which tell nothing. */
const ALWAYS_CAPITAL = new Set(
  "i im ive id ill sie ihr ihre ihrem ihren ihrer ihnen du dir dich dein deine".split(" ")
)
/** At the beginning of a sentence a name or a verb; the verb is followed by its subject. */
const NAMES = new Set(["will", "can"])
const SUBJECTS = new Set(
  (
    "i you he she it we they the a an this that these those there my your his her its our their any anyone anybody someone " +
    "somebody everyone everybody people one some all"
  ).split(" ")
)
const LOWER = /\p{Ll}/u
const CAPITAL = /^\p{Lu}/u

/** Whether a function word stands for a name: IT, WHO, Will. */
const isName = ({ lower, start, text: run }: Run, next: Run | undefined, text: string): boolean => {
  if (!CAPITAL.test(run) || ALWAYS_CAPITAL.has(lower) || !LOWER.test(text)) return false
  const isAcronym = run.length > 1 && !LOWER.test(run)
  if (isAcronym || !beginsSentence(text, start)) return true
  if (!NAMES.has(lower)) return false
  return (
    run.endsWith("'s") || (next !== undefined && LOWER.test(next.text[0] ?? "") && !SUBJECTS.has(next.lower))
  )
}

/** The runs of a folded text, without the function words of its language unless it has no other. */
export const readRuns = (text: string): Runs => {
  const runs: Array<Run> = []
  const masks: Array<number> = []
  const pattern = ASCII.test(text) ? ASCII_RUN : anyRun()
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const run = toRun(match[0], match.index)
    runs.push(run)
    if (run.stop !== 0) masks.push(run.stop)
  }
  const languages = guessLanguages(masks)
  const meant =
    languages === 0
      ? runs
      : runs.filter((run, i) => (run.stop & languages) === 0 || isName(run, runs[i + 1], text))
  return { meant: meant.length === 0 ? runs : meant, english: languages === ENGLISH }
}
