/** Strings as consecutive numbers. */
export class StringInterner {
  /** Created with the first string: most scopes are small and have no speakers. */
  #numbers: Map<string, number> | null = null
  /** By number, as far as they were asked for. */
  #names: ReadonlyArray<string> = []
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

  /** Null for -1. */
  name(number: number): string | null {
    if (number < 0) return null
    if (this.#names.length !== this.#numbers?.size) this.#names = this.all
    return this.#names[number] ?? null
  }

  get all(): ReadonlyArray<string> {
    return Array.from(this.#numbers?.keys() ?? [])
  }

  get bytes(): number {
    return this.#bytes
  }
}
