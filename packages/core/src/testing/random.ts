/** A random sequence that a seed replays. */
export interface Random {
  /** From 0 to below 1. */
  readonly next: () => number
  /** A whole number from 0 to below `below`. */
  readonly int: (below: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(from: ReadonlyArray<A>) => A
  /** Up to `count` distinct members. */
  readonly some: <A>(from: ReadonlyArray<A>, count: number) => ReadonlyArray<A>
  /** A unit vector, uniform on the sphere. */
  readonly direction: (dimensions: number) => Float32Array
}

/** Scales to unit length. */
export const unit = (components: ArrayLike<number>): Float32Array => {
  const length = Math.hypot(...Array.from(components))
  return Float32Array.from(components, (component) => component / length)
}

/** mulberry32: 32 bits of state are enough to choose test cases. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number): number => Math.floor(next() * below)
  const pick = <A>(from: ReadonlyArray<A>): A => {
    const member = from[int(from.length)]
    if (member === undefined) throw new Error("picked from an empty list")
    return member
  }
  // Box and Muller: normal components make every direction equally likely.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    int,
    pick,
    chance: (probability) => next() < probability,
    some: (from, count) => {
      const left = Array.from(from)
      return Array.from({ length: Math.min(count, left.length) }, () =>
        left.splice(int(left.length), 1)
      ).flat()
    },
    direction: (dimensions) => unit(Array.from({ length: dimensions }, normal))
  }
}
