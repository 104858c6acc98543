/** Strings as small numbers. */
export class StringInterner {
  /** Made with the first name: most scopes are small, and have no speakers. */
  #numbers: Map<string, number> | null = null
  #bytes = 0

  number(name: string | null): number {
    if (name === null) return -1
    this.#numbers ??= new Map()
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#bytes += 80 + 2 * name.length
    this.#numbers.set(name, this.#numbers.size)
    return this.#numbers.size - 1
  }

  /** -2, which no row has, for a name that no row has. */
  find(name: string): number {
    return this.#numbers?.get(name) ?? -2
  }

  get all(): ReadonlyArray<string> {
    return Array.from(this.#numbers?.keys() ?? [])
  }

  get bytes(): number {
    return this.#bytes
  }
}
