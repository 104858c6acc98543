/** Shorter pieces are common phrases: they count as recalled only as a whole recalled line or sentence. */
const PHRASE_CHARACTERS = 16
/** Most lines and sentences that a session compares with; an LRU. */
const PIECES_MAX = 2_000

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

/** Ignores case, spacing, list marks, escapes and invisible characters. */
const normalise = (text: string): string =>
  (PLAIN.test(text) ? text : unescapeHtml(text))
    .toLowerCase()
    .replace(/[\s*_`#>•-]+/g, " ")
    .trim()

const splitLines = (text: string): ReadonlyArray<string> => text.split("\n")
const splitSentences = (line: string): ReadonlyArray<string> => line.split(/(?<=[.!?])\s+/)

/** Removes recalled text from the model's replies, so that it is not remembered a second time. */
export class EchoFilter {
  /** Normalised lines and sentences, least recently seen first. */
  readonly #pieces = new Set<string>()

  /** `text` as the model saw it; `contents` as stored. */
  add(text: string, contents: ReadonlyArray<string>): void {
    // Most contents are one line, and most lines one sentence: each part is normalised once, at its last place.
    const parts = new Set<string>()
    for (const whole of [...splitLines(text), ...contents, ...contents.flatMap(splitLines)]) {
      for (const part of [whole, ...splitSentences(whole)]) {
        parts.delete(part)
        parts.add(part)
      }
    }
    for (const part of parts) {
      const piece = normalise(part)
      if (piece === "") continue
      this.#pieces.delete(piece)
      this.#pieces.add(piece)
    }
    for (const oldest of this.#pieces) {
      if (this.#pieces.size <= PIECES_MAX) break
      this.#pieces.delete(oldest)
    }
  }

  clear(): void {
    this.#pieces.clear()
  }

  /** Whether the whole text was recalled: as a line or a sentence, or as a long part of one. */
  has(text: string): boolean {
    const piece = normalise(text)
    if (piece === "" || this.#pieces.has(piece)) return true
    if (piece.length < PHRASE_CHARACTERS) return false
    for (const recalled of this.#pieces) if (recalled.includes(piece)) return true
    return false
  }

  /** Whether the text contains a recalled piece. */
  #quotes(text: string): boolean {
    const piece = normalise(text)
    for (const recalled of this.#pieces)
      if (recalled.length >= PHRASE_CHARACTERS && piece.includes(recalled)) return true
    return false
  }

  /** The reply without recalled lines and sentences; `""` when nothing is left. */
  removeEchoes(reply: string): string {
    if (this.#pieces.size === 0) return reply
    const isNew = (part: string) => !this.has(part) && !this.#quotes(part)
    return reply
      .split("\n")
      .filter((line) => line.trim() === "" || !this.has(line))
      .map((line) => (this.#quotes(line) ? splitSentences(line).filter(isNew).join(" ") : line))
      .join("\n")
      .trim()
  }
}
