/** Evicts the least recently used entry beyond `capacity`. */
export class LruMap<K, V> {
  readonly #capacity: number
  // A Map iterates in order of insertion, so its first key is the least recently used.
  readonly #entries = new Map<K, V>()

  readonly #onEvict: ((key: K, value: V) => void) | undefined
  /** Goes through the entries as they are evicted: a new iterator would pass over all that were deleted before. */
  #oldest = this.#entries.entries()

  /** `onEvict` is called for entries beyond the capacity; not for `delete` and `clear`. */
  constructor(capacity: number, onEvict?: (key: K, value: V) => void) {
    this.#capacity = capacity
    this.#onEvict = onEvict
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
    if (this.#entries.size > this.#capacity) this.#evictOldest()
  }

  #evictOldest(): void {
    let next = this.#oldest.next()
    if (next.done === true) {
      this.#oldest = this.#entries.entries()
      next = this.#oldest.next()
    }
    if (next.done === true) return
    const [key, value] = next.value
    this.#entries.delete(key)
    this.#onEvict?.(key, value)
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
