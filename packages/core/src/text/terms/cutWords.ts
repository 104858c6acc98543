/** Cuts a run of letters and digits into words and their pieces, by script. */
import { foldText } from "./foldText.ts"
import { formId, type Joined, NO_TERM, type ReadText, type Word } from "./Word.ts"

/** How the words of a script are found. */
type ScriptKind =
  /** Latin, Greek, Cyrillic and other alphabets with spaces. */
  | "alphabet"
  | "digit"
  /** Words with spaces, to which particles cling. */
  | "hangul"
  /** Han and Kana: no spaces, and a character is a syllable or a word. */
  | "cjk"
  /** Thai, Lao, Khmer, Burmese: no spaces, and a character is a part of a syllable. */
  | "syllabic"

/** First and last code point of a kind; every other letter is of an alphabet. */
const RANGES: ReadonlyArray<readonly [first: number, last: number, kind: ScriptKind]> = [
  [0x30, 0x39, "digit"],
  [0x0e00, 0x0eff, "syllabic"],
  [0x1000, 0x109f, "syllabic"],
  [0x1100, 0x11ff, "hangul"],
  [0x1780, 0x17ff, "syllabic"],
  [0x3005, 0x3007, "cjk"],
  [0x3040, 0x312f, "cjk"],
  [0x3130, 0x318f, "hangul"],
  [0x31a0, 0x4dbf, "cjk"],
  [0x4e00, 0x9fff, "cjk"],
  [0xa960, 0xa97f, "hangul"],
  [0xaa60, 0xaa7f, "syllabic"],
  [0xac00, 0xd7ff, "hangul"],
  [0xf900, 0xfaff, "cjk"],
  [0x1b000, 0x1b16f, "cjk"],
  [0x20000, 0x3ffff, "cjk"]
]

/** The kind of a letter, a mark or a digit. */
const scriptKind = (codePoint: number): ScriptKind => {
  if (codePoint < 0x0e00) return codePoint >= 0x30 && codePoint <= 0x39 ? "digit" : "alphabet"
  for (const [first, last, kind] of RANGES) if (codePoint >= first && codePoint <= last) return kind
  return "alphabet"
}

/** Whether the code point is a Han character: a word of its own, often. */
const isHan = (codePoint: number): boolean =>
  (codePoint >= 0x3400 && codePoint <= 0x9fff) ||
  (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
  codePoint >= 0x20000

/** A stretch of characters of one kind. */
export interface Stretch {
  readonly kind: ScriptKind
  readonly text: string
}

/** Cuts a run of letters and digits where its script changes: `Notion에`, `使用Qdrant`. */
export const cutScripts = (run: string): ReadonlyArray<Stretch> => {
  const stretches: Array<Stretch> = []
  let start = 0
  let kind: ScriptKind | null = null
  for (let i = 0; i < run.length;) {
    const codePoint = run.codePointAt(i) ?? 0
    const next = scriptKind(codePoint)
    const joins =
      next === kind || (next === "digit" && kind === "alphabet") || (kind === "digit" && next === "alphabet")
    if (kind !== null && !joins) {
      stretches.push({ kind, text: run.slice(start, i) })
      start = i
      kind = null
    }
    kind = kind === null || next === "alphabet" ? next : kind
    i += codePoint > 0xffff ? 2 : 1
  }
  if (kind !== null) stretches.push({ kind, text: run.slice(start) })
  return stretches
}

const grams = (characters: ReadonlyArray<string>, n: number): Array<string> => {
  const all: Array<string> = []
  for (let i = 0; i + n <= characters.length; i++) all.push(characters.slice(i, i + n).join(""))
  return all
}

/** Katakana as Hiragana: ネコ is ねこ. */
const toHiragana = (text: string): string =>
  text.replaceAll(/[\u30a1-\u30f6]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))

export interface Cut {
  readonly whole: string | null
  readonly pieces: ReadonlyArray<string>
}

/** Han and Kana: pairs, and the Han characters by themselves. */
export const cutCjk = (run: string): ReadonlyArray<Cut> => {
  const characters = Array.from(toHiragana(run))
  const han = (character: string | undefined): ReadonlyArray<string> =>
    character !== undefined && isHan(character.codePointAt(0) ?? 0) ? [character] : []
  if (characters.length === 1) return [{ whole: null, pieces: characters }]
  return grams(characters, 2).map((pair, i) => ({
    whole: pair,
    // Each character once: the last pair has the last one too.
    pieces: [...han(characters[i]), ...(i === characters.length - 2 ? han(characters[i + 1]) : [])]
  }))
}

/** Thai, Lao, Khmer, Burmese: rows of three characters, and pairs. */
export const cutSyllabic = (run: string): ReadonlyArray<Cut> => {
  const characters = Array.from(run)
  if (characters.length <= 2) return [{ whole: run, pieces: characters.length === 2 ? [run] : [] }]
  const pairs = grams(characters, 2)
  return grams(characters, 3).map((triple, i) => ({
    whole: triple,
    pieces: [pairs[i] ?? "", ...(i === characters.length - 3 ? [pairs[i + 1] ?? ""] : [])]
  }))
}

/** Particles and endings of Korean, longest first. */
const PARTICLES =
  "에게서 으로는 이에요 입니다 에서는 한테서 이었다 까지 부터 에서 에게 한테 으로 이랑 처럼 보다 마다 조차 밖에 이나 예요 이야 인데 들은 들이 들을 들의 들 은 는 이 가 을 를 에 의 도 로 와 과 만 랑 나 야".split(
    " "
  )

/** A Korean word without its particle, and its syllable pairs. */
export const cutHangul = (
  word: string
): { readonly stem: string; readonly pieces: ReadonlyArray<string> } => {
  const particle = PARTICLES.find((ending) => word.length > ending.length && word.endsWith(ending))
  const stem = particle === undefined ? word : word.slice(0, -particle.length)
  return { stem, pieces: word.length > 2 ? grams(Array.from(word), 2) : [] }
}

const HAS_HANGUL = /\p{Script=Hangul}/u
const HANGUL_RUN = /(?<![\p{L}\p{N}])\p{Script=Hangul}{2,}(?![\p{L}\p{N}])/gu

/** The other forms of a word: as it is written, and weaker ones. */
interface OtherForms {
  readonly whole: number
  readonly weaker: ReadonlyArray<number>
}

const findOtherForms = (word: string): OtherForms => {
  const { stem } = cutHangul(word)
  // A word of two syllables is no pair beside itself, though a longer one may hold it: 마셔, 마셔요.
  if (stem === word) return { whole: NO_TERM, weaker: word.length === 2 ? [formId("piece", word)] : [] }
  const twice = cutHangul(stem).stem
  return { whole: formId("whole", word), weaker: twice === stem ? [] : [formId("whole", twice)] }
}

/**
 * Adds the other forms of a question's Korean words; other texts are returned as they are. A memory keeps a word without
 * its particle, and the last syllable of a noun may look like one (회의, "meeting", as 회 and the genitive).
 */
export const askKorean = (read: ReadText, text: string): ReadText => {
  if (!HAS_HANGUL.test(text)) return read
  const others = new Map(
    (foldText(text).match(HANGUL_RUN) ?? []).map((word) => [
      formId("whole", cutHangul(word).stem),
      findOtherForms(word)
    ])
  )
  const joined: Array<Joined> = [...read.joined]
  const words = read.words.map((word, from): Word => {
    const forms = others.get(word.whole)
    if (forms === undefined) return word
    if (forms.whole !== NO_TERM) joined.push({ from, to: from + 1, whole: forms.whole, stem: NO_TERM })
    return forms.weaker.length === 0 ? word : { ...word, pieces: [...word.pieces, ...forms.weaker] }
  })
  return { ...read, joined, words }
}
