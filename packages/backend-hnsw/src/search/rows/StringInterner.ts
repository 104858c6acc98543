/** Strings as consecutive numbers. */
export class StringInterner {
  /** Created with the first string: most scopes are small and have no speakers. */
  #numbers: Map<string, number> | null = null
  #bytes = 0

  /** The string's number, a new one if needed; -1 for null. */
  intern(text: string | null): number {
    if (text === null) return -1
    this.#numbers ??= new Map()
    const existing = this.#numbers.get(text)
    if (existing !== undefined) return existing
    this.#bytes += 80 + 2 * text.length
    this.#numbers.set(text, this.#numbers.size)
    return this.#numbers.size - 1
  }

  /** -2, which no row has, if the string is not interned. */
  find(text: string): number {
    return this.#numbers?.get(text) ?? -2
  }

  get all(): ReadonlyArray<string> {
    return Array.from(this.#numbers?.keys() ?? [])
  }

  get bytes(): number {
    return this.#bytes
  }
}
