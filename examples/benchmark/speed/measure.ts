/** Timing by interleaved rounds: what is compared runs in turns, so that both see the same machine. */

/** What one operation took, by its own clock: for what runs in another process. */
export interface OwnTime {
  readonly ms: number
}

/** Does one operation. What it returns is awaited if it is a promise, and is its time if it is an `OwnTime`. */
export type Operation = (round: number) => unknown

const isOwnTime = (value: unknown): value is OwnTime =>
  typeof value === "object" && value !== null && "ms" in value

export interface Timing {
  /** Milliseconds an operation, ascending. */
  readonly samples: ReadonlyArray<number>
  readonly median: number
  readonly p99: number
}

export interface Rounds {
  readonly rounds: number
  /** Rounds run before any is kept; a tenth of `rounds`, at least 3, when absent. */
  readonly warmup?: number | undefined
  /**
   * Rounds that one operation runs in a row before the next has its turn; 1 when absent. With more, each is
   * measured at work, not as it comes back to caches that the others' copies of the data have filled.
   */
  readonly block?: number | undefined
  /** Stops early, after at least 5 rounds, when this is used up; milliseconds. */
  readonly budgetMs?: number | undefined
}

/** `samples` is ascending; `share` 0 to 1. */
export const percentile = (samples: ReadonlyArray<number>, share: number): number =>
  samples[Math.min(samples.length - 1, Math.floor(share * samples.length))] ?? Number.NaN

export const timing = (samples: ReadonlyArray<number>): Timing => {
  const ascending = Float64Array.from(samples).sort()
  const sorted = Array.from(ascending)
  return { samples: sorted, median: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

/** Milliseconds that one call takes, its promise included. */
export const timed = async (body: () => unknown): Promise<number> => {
  const start = performance.now()
  const returned = body()
  // Awaiting a plain value would cost a turn of the microtask queue that the caller of `body` does not pay.
  const value: unknown = returned instanceof Promise ? await returned : returned
  return isOwnTime(value) ? value.ms : performance.now() - start
}

/** Each operation once a round, in an order that turns with the rounds, or with the blocks of them. */
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
  const timings = Array.from(samples, ([name, kept]) => [name, timing(kept)] as const)
  return Object.fromEntries(timings) as { readonly [name in Name]: Timing }
}
