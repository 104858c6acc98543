/** Strings as small numbers. */
export class Names {
  readonly #numbers = new Map<string, number>()
  #bytes = 0

  number(name: string | null): number {
    if (name === null) return -1
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#bytes += 80 + 2 * name.length
    this.#numbers.set(name, this.#numbers.size)
    return this.#numbers.size - 1
  }

  /** -2, which no row has, for a name that no row has. */
  find(name: string): number {
    return this.#numbers.get(name) ?? -2
  }

  get all(): ReadonlyArray<string> {
    return Array.from(this.#numbers.keys())
  }

  get bytes(): number {
    return this.#bytes
  }
}
