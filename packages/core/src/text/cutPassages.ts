/** Long texts are cut into passages: each is embedded, weighed and found by itself. */

/** A part of a text, half-open in UTF-16 code units. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Sizes in widths, of which a Latin letter is 1: about four a token, so that a passage of `TARGET` fits every
 * embedder.
 */
const TARGET = 800
const MAX = 1_200
/** More passages than this are made larger instead. */
const PASSAGES = 2_000

/** Other alphabets take about two tokens where Latin takes one, ideographs and syllables about three. */
const widthOf = (code: number): number => (code < 0x250 ? 1 : code < 0x1100 ? 2 : 3)

export const measure = (text: string, { end, start }: Span): number => {
  let width = 0
  for (let i = start; i < end; i++) width += widthOf(text.charCodeAt(i))
  return width
}

const LINE = /[^\n]*\n?/gy
const FENCE = /^\s*(?:```|~~~)/
/** The end of a sentence, with what closes it and the space after it. */
const SENTENCE = /[^.!?…。！？]*(?:[.!?…]+["'”’)\]]*(?:\s+|$)|[。！？]+[」』”’）]*|[.!?…]+|$)/gy

/** Runs the pattern over a span: every match that is not empty, in order. */
const splitBy = (pattern: RegExp, text: string, { end, start }: Span): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  const part = text.slice(start, end)
  pattern.lastIndex = 0
  while (pattern.lastIndex < part.length) {
    const from = pattern.lastIndex
    const [match = ""] = pattern.exec(part) ?? []
    if (match === "") break
    spans.push({ start: start + from, end: start + from + match.length })
  }
  return spans
}

/** Cuts at the last space before each `max` widths, or anywhere but within a surrogate pair. */
export const splitAnywhere = (text: string, { end, start }: Span, max: number): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  let from = start
  let space = -1
  let width = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    width += widthOf(code)
    if (width > max && i > from) {
      const isLow = code >= 0xdc00 && code <= 0xdfff
      const cut = space > from ? space : i - Number(isLow && i - 1 > from)
      spans.push({ start: from, end: cut })
      from = cut
      space = -1
      width = measure(text, { start: from, end: i + 1 })
    }
    if (code === 0x20 || code === 0x0a) space = i + 1
  }
  spans.push({ start: from, end })
  return spans
}

/**
 * Lines, a fenced block of code as one; lines wider than `max` as sentences, sentences wider than that as pieces. They
 * cover the text, in order.
 */
export const cutUnits = (text: string, max: number): ReadonlyArray<Span> => {
  const blocks: Array<Span> = []
  let fence: number | null = null
  for (const line of splitBy(LINE, text, { start: 0, end: text.length })) {
    if (FENCE.test(text.slice(line.start, Math.min(line.end, line.start + 64)))) {
      if (fence === null) fence = line.start
      else {
        blocks.push({ start: fence, end: line.end })
        fence = null
      }
    } else if (fence === null) blocks.push(line)
  }
  if (fence !== null) blocks.push(...splitBy(LINE, text, { start: fence, end: text.length }))
  return blocks.flatMap((block) => {
    if (measure(text, block) <= max) return [block]
    const lines = splitBy(LINE, text, block)
    return lines.flatMap((line) =>
      measure(text, line) <= max
        ? [line]
        : splitBy(SENTENCE, text, line).flatMap((sentence) =>
            measure(text, sentence) <= max ? [sentence] : splitAnywhere(text, sentence, max)
          )
    )
  })
}

const isBlank = (text: string, { end, start }: Span): boolean => text.slice(start, end).trim() === ""

export const trim = (text: string, { end, start }: Span): Span => {
  const part = text.slice(start, end)
  const lead = part.length - part.trimStart().length
  return { start: start + lead, end: end - (part.length - part.trimEnd().length) }
}

/**
 * The passages of a text, in order and without overlap: sentences, list items and blocks of code stay whole. A text
 * of up to `whole` widths is one passage, with the space around it.
 */
export const cutPassages = (text: string, whole: number): ReadonlyArray<Span> => {
  const all = { start: 0, end: text.length }
  const total = measure(text, all)
  if (total <= whole) return [all]
  const scale = Math.max(1, total / (PASSAGES * TARGET))
  const [target, max] = [TARGET * scale, MAX * scale]
  const passages: Array<Span> = []
  let open: Span | null = null
  let width = 0
  const close = () => {
    if (open !== null && !isBlank(text, open)) passages.push(trim(text, open))
    open = null
    width = 0
  }
  for (const unit of cutUnits(text, max)) {
    const more = measure(text, unit)
    // A paragraph's end is the better place for a cut.
    if ((isBlank(text, unit) && width >= target / 2) || width + more > max || width >= target) close()
    open = open === null ? unit : { start: open.start, end: unit.end }
    width += more
  }
  close()
  return passages.length === 0 ? [all] : passages
}
