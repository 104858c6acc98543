/** Times operations in interleaved rounds: they take turns, so that all run under the same load. */

/** The time that an operation in another process measured itself. */
export interface OwnTime {
  readonly ms: number
}

/** Runs one operation. A returned promise is awaited; a returned `OwnTime` is its time. */
export type Operation = (round: number) => unknown

const isOwnTime = (value: unknown): value is OwnTime =>
  typeof value === "object" && value !== null && "ms" in value

export interface Timing {
  /** Milliseconds per operation, ascending. */
  readonly samples: ReadonlyArray<number>
  readonly median: number
  readonly p99: number
}

export interface Rounds {
  readonly rounds: number
  /** Rounds before the first that counts; by default a tenth of `rounds`, and at least 3. */
  readonly warmup?: number | undefined
  /**
   * Consecutive rounds of one operation before the next takes its turn; 1 by default. With more, each operation
   * runs with its own data in the caches.
   */
  readonly block?: number | undefined
  /** Stops after this time, but not before 5 rounds; milliseconds. */
  readonly budgetMs?: number | undefined
}

/** Expects ascending `samples`, and a `share` from 0 to 1. */
export const percentile = (samples: ReadonlyArray<number>, share: number): number =>
  samples[Math.min(samples.length - 1, Math.floor(share * samples.length))] ?? Number.NaN

export const timing = (samples: ReadonlyArray<number>): Timing => {
  const ascending = Float64Array.from(samples).sort()
  const sorted = Array.from(ascending)
  return { samples: sorted, median: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

/** Milliseconds until a call returns, or until its promise resolves. */
export const timed = async (body: () => unknown): Promise<number> => {
  const start = performance.now()
  const returned = body()
  // Does not await a plain value: that would add a microtask.
  const value: unknown = returned instanceof Promise ? await returned : returned
  return isOwnTime(value) ? value.ms : performance.now() - start
}

/** Runs each operation once per round, in an order that rotates with each block of rounds. */
export const interleaved = async <Name extends string>(
  operations: { readonly [name in Name]: Operation },
  {
    block = 1,
    budgetMs = Number.POSITIVE_INFINITY,
    rounds,
    warmup = Math.max(3, Math.ceil(rounds / 10))
  }: Rounds
): Promise<{ readonly [name in Name]: Timing }> => {
  const names: Array<Name> = []
  for (const name in operations) names.push(name)
  const samples = new Map<Name, Array<number>>(names.map((name) => [name, []]))
  const start = performance.now()
  for (let first = 0; first < warmup + rounds; first += block) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + first / block) % names.length]
      if (name === undefined) continue
      for (let round = first; round < Math.min(first + block, warmup + rounds); round++) {
        const ms = await timed(() => operations[name](round))
        if (round >= warmup) samples.get(name)?.push(ms)
      }
    }
    if (first - warmup >= 4 && performance.now() - start > budgetMs) break
  }
  const timings = Array.from(samples, ([name, times]) => [name, timing(times)] as const)
  return Object.fromEntries(timings) as { readonly [name in Name]: Timing }
}
