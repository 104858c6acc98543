/** A power of two: two counters a name, so that names share both seldom. */
const COUNTERS = 16_384
const MAX = 255
/** Uses after which every count is halved, so that old ones wear off: as many as there are counters. */
const HALVE_AFTER = COUNTERS

/** FNV-1a. */
const hash = (name: string): number => {
  let code = 0x811c9dc5
  for (let i = 0; i < name.length; i++) code = Math.imul(code ^ name.charCodeAt(i), 0x01000193)
  return (code ^ (code >>> 15)) >>> 0
}

/** About how often each name was used lately, in a fixed 16 kB: a count may be too high where names share counters. */
export class UseCounts {
  readonly #counters = new Uint8Array(COUNTERS)
  #uses = 0

  #places(name: string): readonly [number, number] {
    const code = hash(name)
    return [code % COUNTERS, Math.imul(code, 0x9e3779b1) >>> 18]
  }

  add(name: string): void {
    const [first, second] = this.#places(name)
    const count = Math.min(MAX, this.count(name) + 1)
    // The greater one counts other names too.
    for (const place of [first, second]) this.#counters[place] = Math.max(this.#counters[place] ?? 0, count)
    if (++this.#uses < HALVE_AFTER) return
    this.#uses = 0
    for (let i = 0; i < COUNTERS; i++) this.#counters[i] = (this.#counters[i] ?? 0) >> 1
  }

  count(name: string): number {
    const [first, second] = this.#places(name)
    return Math.min(this.#counters[first] ?? 0, this.#counters[second] ?? 0)
  }
}
