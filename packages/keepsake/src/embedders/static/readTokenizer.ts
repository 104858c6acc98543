/** A `tokenizer.json` of Hugging Face's tokenizers, as far as static tables use one. */
import { invalidInput } from "@keepsake/core/driver"
import { normaliseBert, splitBert } from "./bertWords.ts"
import { cutLikeliest, readUnigram } from "./unigram.ts"
import { cutWord } from "./wordPiece.ts"

/** A text as the numbers of its pieces; what is no piece is left out. */
export type Tokenizer = (text: string) => ReadonlyArray<number>

interface Part {
  readonly type: string
  readonly [option: string]: unknown
}

const unsupported = (what: string) =>
  invalidInput(
    "embedder",
    `the table's tokenizer.json has ${what}, which is not supported: take a table with WordPiece or Unigram`
  )

const FORMS = new Set(["NFC", "NFD", "NFKC", "NFKD"])
const isForm = (type: string): type is "NFC" | "NFD" | "NFKC" | "NFKD" => FORMS.has(type)

const toPattern = (pattern: unknown): RegExp | string => {
  const { Regex, String: text } = pattern as { readonly Regex?: string; readonly String?: string }
  return Regex === undefined ? (text ?? "") : new RegExp(Regex, "gu")
}

type Normalise = (text: string) => string

const readNormaliser = (part: Part | null): Normalise => {
  if (part === null) return (text) => text
  const { type } = part
  if (isForm(type)) return (text) => text.normalize(type)
  switch (type) {
    case "Sequence": {
      const steps = (part["normalizers"] as ReadonlyArray<Part>).map(readNormaliser)
      return (text) => steps.reduce((changed, step) => step(changed), text)
    }
    case "BertNormalizer": {
      const lowercase = part["lowercase"] !== false
      const stripAccents = (part["strip_accents"] as boolean | null | undefined) ?? lowercase
      const options = { lowercase, stripAccents, splitChinese: part["handle_chinese_chars"] !== false }
      return (text) => normaliseBert(text, options)
    }
    case "Lowercase":
      return (text) => text.toLowerCase()
    case "StripAccents":
      return (text) => text.replaceAll(/\p{Mn}/gu, "")
    case "Strip":
      return (text) => text.trim()
    case "Prepend":
      return (text) => (text === "" ? text : `${String(part["prepend"])}${text}`)
    case "Replace": {
      const [pattern, content] = [toPattern(part["pattern"]), String(part["content"])]
      return (text) => text.replaceAll(pattern, () => content)
    }
    // SentencePiece's table of characters: NFKC, with white space as single spaces.
    case "Precompiled":
      return (text) => text.normalize("NFKC").replaceAll(/\s+/gu, " ")
    default:
      throw unsupported(`the normaliser ${type}`)
  }
}

type Split = (words: ReadonlyArray<string>) => ReadonlyArray<string>

const SPACE = /\s+/u
const MARKS = /[\p{P}$+<=>^`|~]|[^\p{P}$+<=>^`|~]+/gu

const readMetaspace = (part: Part): Split => {
  const mark = (part["replacement"] as string | undefined) ?? "\u2581"
  const scheme = part["prepend_scheme"] ?? (part["add_prefix_space"] === false ? "never" : "always")
  const isCut = part["split"] !== false
  return (words) =>
    words.flatMap((word, i) => {
      const marked = word.replaceAll(" ", mark)
      const isBegun = scheme === "always" || (scheme === "first" && i === 0)
      const whole = isBegun && !marked.startsWith(mark) ? `${mark}${marked}` : marked
      if (!isCut) return [whole]
      return whole.split(new RegExp(`(?=${mark})`, "u"))
    })
}

const readPreTokenizer = (part: Part | null): Split => {
  if (part === null) return (words) => words
  switch (part.type) {
    case "Sequence": {
      const steps = (part["pretokenizers"] as ReadonlyArray<Part>).map(readPreTokenizer)
      return (words) => steps.reduce((cut, step) => step(cut), words)
    }
    case "BertPreTokenizer":
      return (words) => words.flatMap(splitBert)
    case "Whitespace":
      return (words) =>
        words.flatMap((word) => word.match(/[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_\s]+/gu) ?? [])
    case "WhitespaceSplit":
      return (words) => words.flatMap((word) => word.split(SPACE).filter((cut) => cut !== ""))
    case "Punctuation":
      return (words) => words.flatMap((word) => word.match(MARKS) ?? [])
    case "Metaspace":
      return readMetaspace(part)
    default:
      throw unsupported(`the pre-tokeniser ${part.type}`)
  }
}

interface Model {
  readonly type?: string
  readonly vocab: unknown
  readonly unk_id?: number | null
  readonly unk_token?: string
  readonly continuing_subword_prefix?: string
  readonly max_input_chars_per_word?: number
}

type Cut = (word: string, into: Array<number>) => void

const readModel = (model: Model): Cut => {
  if (model.type === "Unigram") {
    const pieces = readUnigram(model.vocab as ReadonlyArray<readonly [string, number]>)
    return (word, into) => cutLikeliest(pieces, word, into)
  }
  if (model.type === "WordPiece") {
    const pieces = {
      ids: new Map(Object.entries(model.vocab as Readonly<Record<string, number>>)),
      prefix: model.continuing_subword_prefix ?? "##",
      longest: model.max_input_chars_per_word ?? 100
    }
    return (word, into) => void cutWord(pieces, word, into)
  }
  throw unsupported(`a model of the type ${model.type ?? "?"}`)
}

export interface TokenizerFile {
  readonly normalizer: Part | null
  readonly pre_tokenizer: Part | null
  readonly model: Model
}

/** Where a unigram model has the piece that stands for a space, and says nothing by itself. */
const findBlank = ({ type, vocab }: Model): number =>
  type === "Unigram"
    ? (vocab as ReadonlyArray<readonly [string]>).findIndex(([text]) => text === "\u2581")
    : -1

export const readTokenizer = ({ model, normalizer, pre_tokenizer }: TokenizerFile): Tokenizer => {
  const normalise = readNormaliser(normalizer)
  const split = readPreTokenizer(pre_tokenizer)
  const cut = readModel(model)
  const blank = findBlank(model)
  return (text) => {
    const pieces: Array<number> = []
    for (const word of split([normalise(text)])) cut(word, pieces)
    return pieces.every((piece) => piece === blank) ? [] : pieces
  }
}
