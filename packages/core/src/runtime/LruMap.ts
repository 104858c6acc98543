/** A map that forgets what was asked for longest ago once it holds more than `capacity` entries. */
export class LruMap<K, V> {
  readonly #capacity: number
  // A Map iterates in order of insertion, so that its first key is the least recently used.
  readonly #entries = new Map<K, V>()

  readonly #dropped: ((key: K, value: V) => void) | undefined

  /** `dropped` is told of what is forgotten for want of room. */
  constructor(capacity: number, dropped?: (key: K, value: V) => void) {
    this.#capacity = capacity
    this.#dropped = dropped
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, value)
    }
    return value
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#capacity) {
      const [oldest] = this.#entries
      if (oldest === undefined) return
      this.#entries.delete(oldest[0])
      this.#dropped?.(...oldest)
    }
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  /** Least recently used first. */
  keys(): ReadonlyArray<K> {
    return Array.from(this.#entries.keys())
  }

  clear(): void {
    this.#entries.clear()
  }
}
