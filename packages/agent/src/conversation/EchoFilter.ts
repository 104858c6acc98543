/**
 * The guard against feedback: what was recalled and is said again by the model is not remembered anew.
 */

/** Shorter pieces are common phrases; they count as recalled only where they are a whole line or sentence of it. */
const PHRASE_CHARACTERS = 16
/** Lines and sentences a session keeps to compare with; those not seen for longest go first. */
const PIECES_KEPT = 2_000

const ENTITIES: { readonly [entity: string]: string } = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&apos;": "'",
  "&amp;": "&"
}

/** Printable ASCII without an escape, as most lines are: nothing in it is written in two ways. */
const PLAIN = /^[ -%'-~]*$/

const unescaped = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/&(?:lt|gt|quot|apos|amp|#39);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/[\p{Cf}\p{Cc}]+/gu, " ")

/** Same words, same result: whatever the case, spacing, list marks, escapes and invisible characters. */
const normalise = (text: string): string =>
  (PLAIN.test(text) ? text : unescaped(text))
    .toLowerCase()
    .replace(/[\s*_`#>•-]+/g, " ")
    .trim()

const linesOf = (text: string): ReadonlyArray<string> => text.split("\n")
const sentencesOf = (line: string): ReadonlyArray<string> => line.split(/(?<=[.!?])\s+/)

export class EchoFilter {
  /** Lines and sentences, normalised, in the order they were last seen. */
  readonly #pieces = new Set<string>()

  /** `text` as the model saw it; `contents` as they are stored. */
  add(text: string, contents: ReadonlyArray<string>): void {
    // Most contents are one line, and most lines one sentence: each is normalised once, where it comes last.
    const parts = new Set<string>()
    for (const whole of [...linesOf(text), ...contents, ...contents.flatMap(linesOf)]) {
      for (const part of [whole, ...sentencesOf(whole)]) {
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
      if (this.#pieces.size <= PIECES_KEPT) break
      this.#pieces.delete(oldest)
    }
  }

  clear(): void {
    this.#pieces.clear()
  }

  /** Whether all of it was recalled: it is a recalled line or sentence, or a good part of one. */
  has(text: string): boolean {
    const piece = normalise(text)
    if (piece === "" || this.#pieces.has(piece)) return true
    if (piece.length < PHRASE_CHARACTERS) return false
    for (const known of this.#pieces) if (known.includes(piece)) return true
    return false
  }

  /** Whether it holds a recalled piece, among other words. */
  #quotes(text: string): boolean {
    const piece = normalise(text)
    for (const known of this.#pieces)
      if (known.length >= PHRASE_CHARACTERS && piece.includes(known)) return true
    return false
  }

  /** What is left of a reply without the lines and sentences that were recalled; `""` when nothing is. */
  without(reply: string): string {
    if (this.#pieces.size === 0) return reply
    const fresh = (part: string) => !this.has(part) && !this.#quotes(part)
    return reply
      .split("\n")
      .filter((line) => line.trim() === "" || !this.has(line))
      .map((line) => (this.#quotes(line) ? sentencesOf(line).filter(fresh).join(" ") : line))
      .join("\n")
      .trim()
  }
}
