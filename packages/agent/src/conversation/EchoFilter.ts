/** Shorter texts are common answers: they count as echoes only as an item of a list. */
const PHRASE_CHARACTERS = 16
/** Most recalled texts that a session compares with; an LRU. */
const TEXTS_MAX = 2_000

const ENTITIES: { readonly [entity: string]: string } = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&apos;": "'",
  "&amp;": "&"
}

/** Printable ASCII without an ampersand, as most lines are: it needs no unescaping. */
const PLAIN = /^[ -%'-~]*$/

const unescapeHtml = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/&(?:lt|gt|quot|apos|amp|#39);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/[\p{Cf}\p{Cc}]+/gu, " ")

/** Ignores case, spacing, list marks, escapes, invisible characters, and the mark at the end of a sentence. */
const normalise = (text: string): string =>
  (PLAIN.test(text) ? text : unescapeHtml(text))
    .toLowerCase()
    .replace(/[\s*_`#>•-]+/g, " ")
    .trim()
    .replace(/[.!?。]+$/u, "")

const LIST_ITEM = /^\s*(?:[-*•]|\d+[.)])\s/u

/** A sentence of a text, and whether it is the beginning or the whole of a list's item. */
interface Sentence {
  readonly text: string
  readonly piece: string
  readonly line: number
  readonly isListItem: boolean
}

/** Blank sentences have an empty piece. */
const splitSentences = (text: string): ReadonlyArray<Sentence> =>
  text.split("\n").flatMap((lineText, line) =>
    lineText.split(/(?<=[.!?])\s+|(?<=。)/u).map((sentence) => ({
      text: sentence,
      piece: normalise(sentence),
      line,
      isListItem: LIST_ITEM.test(lineText)
    }))
  )

const toPieces = (text: string): ReadonlyArray<string> =>
  splitSentences(text).flatMap(({ piece }) => (piece === "" ? [] : [piece]))

interface RecalledText {
  readonly pieces: ReadonlyArray<string>
  /** A short one is an echo only as an item of a list. */
  readonly isShort: boolean
}

/** The block's lines, each with the lines that continue it. */
const splitBlock = (block: string): ReadonlyArray<string> => block.split(/\n(?! {2})/u)

/** Leaves out of the model's replies what only repeats a recalled memory, so that it is not remembered a second time. */
export class EchoFilter {
  /** Each recalled text by its whole, the least recently seen first. */
  readonly #texts = new Map<string, RecalledText>()
  /** The same by their first sentence. */
  #byFirst: Map<string, Array<RecalledText>> | undefined

  /** `text` is the block as the model saw it; `contents` are the memories in it. */
  add(text: string, contents: ReadonlyArray<string>): void {
    if (text === "" && contents.length === 0) return
    for (const content of contents) this.#addText(content, true)
    // Its headings and tags are short, and are never news.
    for (const line of splitBlock(text)) this.#addText(line, LIST_ITEM.test(line))
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= TEXTS_MAX) break
      this.#texts.delete(oldest)
    }
    this.#byFirst = undefined
  }

  #addText(text: string, canBeShort: boolean): void {
    const pieces = toPieces(text)
    if (pieces.length === 0) return
    const key = pieces.join(" ")
    this.#texts.delete(key)
    this.#texts.set(key, { pieces, isShort: canBeShort && key.length < PHRASE_CHARACTERS })
  }

  clear(): void {
    this.#texts.clear()
    this.#byFirst = undefined
  }

  /** Whether the text as a whole was recalled. */
  has(text: string): boolean {
    const key = toPieces(text).join(" ")
    return key === "" || this.#texts.has(key)
  }

  #listByFirst(first: string): ReadonlyArray<RecalledText> {
    if (this.#byFirst === undefined) {
      this.#byFirst = new Map()
      for (const text of this.#texts.values()) {
        const [piece = ""] = text.pieces
        const texts = this.#byFirst.get(piece)
        if (texts === undefined) this.#byFirst.set(piece, [text])
        else texts.push(text)
      }
    }
    return this.#byFirst.get(first) ?? []
  }

  /** How many sentences from the first on repeat a recalled text whole; 0 if they say anything else. */
  #countEchoed(sentences: ReadonlyArray<Sentence>, first: number): number {
    const start = sentences[first]
    if (start === undefined || start.piece === "") return 0
    for (const { isShort, pieces } of this.#listByFirst(start.piece)) {
      if (isShort && !start.isListItem) continue
      let count = 0
      let matched = 0
      while (matched < pieces.length && first + count < sentences.length) {
        const piece = sentences[first + count]?.piece
        if (piece !== "" && piece !== pieces[matched]) break
        if (piece !== "") matched += 1
        count += 1
      }
      if (matched === pieces.length) return count
    }
    return 0
  }

  /** The reply without the sentences that repeat a recalled memory whole; `""` when nothing is left. */
  removeEchoes(reply: string): string {
    if (this.#texts.size === 0) return reply
    const sentences = splitSentences(reply)
    const kept: Array<Sentence> = []
    for (let i = 0; i < sentences.length;) {
      const echoed = this.#countEchoed(sentences, i)
      const sentence = sentences[i]
      if (echoed === 0 && sentence !== undefined) kept.push(sentence)
      i += Math.max(1, echoed)
    }
    if (kept.length === sentences.length) return reply
    if (kept.every(({ piece }) => piece === "")) return ""
    const lines = new Map<number, Array<string>>()
    for (const { line, text } of kept) lines.set(line, [...(lines.get(line) ?? []), text])
    return Array.from(lines.values(), (texts) => texts.join(" "))
      .join("\n")
      .trim()
  }
}
