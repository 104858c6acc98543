/** A text as the words that BERT's tokenisers cut into pieces. */

const CONTROL = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu
const MARKS = /\p{Mn}/gu
const WORD = /[\p{L}\p{N}\p{M}]+|\S/gu
/** Each is a word of its own. */
const CHINESE = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2fa1f}]/gu
const ASCII = /^[\x20-\x7e\s]*$/u
const ASCII_WORD = /[a-z0-9]+|[^\sa-z0-9]/gu

export interface BertOptions {
  readonly lowercase: boolean
  readonly stripAccents: boolean
  readonly splitChinese: boolean
}

export const normaliseBert = (
  text: string,
  { lowercase, splitChinese, stripAccents }: BertOptions
): string => {
  if (ASCII.test(text)) return lowercase ? text.toLowerCase() : text
  const clean = text.replaceAll(/[\t\n\r]/gu, " ").replaceAll(CONTROL, "")
  const split = splitChinese ? clean.replaceAll(CHINESE, " $& ") : clean
  const bare = stripAccents ? split.normalize("NFD").replaceAll(MARKS, "") : split
  return lowercase ? bare.toLowerCase() : bare
}

/** Words, and each mark as a word of its own. */
export const splitBert = (text: string): ReadonlyArray<string> =>
  text.match(ASCII.test(text) && text === text.toLowerCase() ? ASCII_WORD : WORD) ?? []
