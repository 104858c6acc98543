/** Draws users and times their searches, in the same way for every side. */
import { sequence } from "../data.ts"
import { timed, timing } from "../measure.ts"

/** Milliseconds per search, and sequential searches per second. */
export interface Traffic {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
}

export interface Draws {
  /** Users drawn in proportion to their memories: the largest are drawn most. */
  readonly weighted: ReadonlyArray<number>
  /** Users drawn evenly. */
  readonly uniform: ReadonlyArray<number>
}

export const drawUsers = (sizes: ReadonlyArray<number>, count: number): Draws => {
  const random = sequence(7)
  const ends: Array<number> = []
  let sum = 0
  for (const size of sizes) ends.push((sum += size))
  const weighted = Array.from({ length: count }, () => {
    const at = random() * sum
    return ends.findIndex((end) => at < end)
  })
  return { weighted, uniform: Array.from({ length: count }, () => Math.floor(random() * sizes.length)) }
}

export const traffic = async (
  users: ReadonlyArray<number>,
  ask: (user: number, round: number) => unknown
): Promise<Traffic> => {
  const samples: Array<number> = []
  for (const [round, user] of users.entries()) samples.push(await timed(() => ask(user, round)))
  const { median, p99 } = timing(samples)
  return { p50: median, p99, perSecond: 1_000 / (samples.reduce((a, b) => a + b, 0) / samples.length) }
}
