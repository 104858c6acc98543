import { lazily } from "../../runtime/lazily.ts"
import { formAt, HASH_START, nextHash, type RunForm } from "./RunForms.ts"
import { ENGLISH, guessLanguages } from "./stopWords.ts"

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/
/** Letters and digits, joined by single marks as in `a@b.org`, `E-4012`, `snake_case`, `https://x.org/a?b=1`, `c++`. */
const anyRun = lazily(
  () =>
    /[\p{L}\p{N}\p{M}_]+(?:(?::\/\/|:\\|['.@:/\\+&=?#~-])[\p{L}\p{N}\p{M}_]+)*(?:\+\+|#(?![\p{L}\p{N}_]))?|\p{RI}{2}|\p{Extended_Pictographic}/gu
)
/** The same for ASCII, which most text is: several times as fast. */
const ASCII_RUN = /[A-Za-z\d_]+(?:(?::\/\/|:\\|['.@:/\\+&=?#~-])[A-Za-z\d_]+)*(?:\+\+|#(?![A-Za-z\d_]))?/g
/** A run of a text. */
export interface Run {
  readonly form: RunForm
  readonly start: number
  readonly end: number
}

/** The runs of a text that carry meaning. */
export interface Runs {
  readonly meant: ReadonlyArray<Run>
  /** Whether the function words are English. */
  readonly english: boolean
}

const [LETTER, MARK] = [1, 2]
/** What an ASCII character is to `ASCII_RUN`: 0 for one that no run holds. */
const ROLES = new Uint8Array(128)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
  ROLES[character.charCodeAt(0)] = LETTER
for (const character of "'.@:/\\+&=?#~-") ROLES[character.charCodeAt(0)] = MARK
const HASH_SIGN = 0x23

/** Whether a run may go on after the letters that end here. */
const mayGoOn = (text: string, end: number): boolean => {
  const code = text.charCodeAt(end)
  if (ROLES[code] !== MARK) return false
  return code === HASH_SIGN || (ROLES[text.charCodeAt(end + 1)] ?? 0) !== 0
}

/** The matches of `ASCII_RUN`, most of them by hand: a match costs more than the letters of a word. */
const readAscii = (text: string): Array<Run> => {
  const runs: Array<Run> = []
  for (let start = 0; start < text.length;) {
    let hash = HASH_START
    let end = start
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end)
      if (ROLES[code] !== LETTER) break
      hash = nextHash(hash, code)
    }
    if (end === start) {
      start++
      continue
    }
    if (mayGoOn(text, end)) {
      ASCII_RUN.lastIndex = start
      ASCII_RUN.test(text)
      end = ASCII_RUN.lastIndex
      runs.push({ form: formAt(text, start, end), start, end })
    } else runs.push({ form: formAt(text, start, end, hash), start, end })
    start = end
  }
  return runs
}

const readAny = (text: string): Array<Run> => {
  const runs: Array<Run> = []
  const pattern = anyRun()
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const end = match.index + match[0].length
    runs.push({ form: formAt(text, match.index, end), start: match.index, end })
  }
  return runs
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
const isName = ({ form, start }: Run, next: Run | undefined, text: string): boolean => {
  const { lower, text: run } = form
  if (!CAPITAL.test(run) || ALWAYS_CAPITAL.has(lower) || !LOWER.test(text)) return false
  const isAcronym = run.length > 1 && !LOWER.test(run)
  if (isAcronym || !beginsSentence(text, start)) return true
  if (!NAMES.has(lower)) return false
  return (
    run.endsWith("'s") ||
    (next !== undefined && LOWER.test(next.form.text[0] ?? "") && !SUBJECTS.has(next.form.lower))
  )
}

/** The runs of a folded text, without the function words of its language unless it has no other. */
export const readRuns = (text: string): Runs => {
  const runs = ASCII.test(text) ? readAscii(text) : readAny(text)
  const masks: Array<number> = []
  for (const { form } of runs) if (form.stop !== 0) masks.push(form.stop)
  const languages = guessLanguages(masks)
  if (languages === 0) return { meant: runs, english: false }
  const meant = runs.filter((run, i) => (run.form.stop & languages) === 0 || isName(run, runs[i + 1], text))
  return { meant: meant.length === 0 ? runs : meant, english: languages === ENGLISH }
}
