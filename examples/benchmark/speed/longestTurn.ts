/** What one turn of the event loop takes of the processor at most. */
import { PerformanceObserver } from "node:perf_hooks"
import { setImmediate as nextTurn } from "node:timers/promises"
import { threadMs } from "./threadTime.ts"

export interface Turns {
  /** Milliseconds that this thread worked in its busiest turn at most, garbage collection included. */
  readonly worked: number
  /** The same of the turns into which no collection fell. */
  readonly uncollected: number
  /** Milliseconds of the longest turn by the clock: waiting for the disk, or for a core, is in it. */
  readonly lasted: number
  /** Turns that used the processor for longer than the limit. */
  readonly over: number
}

interface Turn {
  readonly start: number
  readonly end: number
  readonly work: number
}

/** Ticks the event loop continuously while `body` runs, and measures the turns between. */
export const longestTurn = async (limitMs: number, body: () => Promise<unknown>): Promise<Turns> => {
  const collections: Array<number> = []
  const observer = new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntries()) collections.push(startTime)
  })
  observer.observe({ entryTypes: ["gc"] })
  const turns: Array<Turn> = []
  let running = true
  let [start, cpu] = [performance.now(), threadMs()]
  const tick = () => {
    const [end, cpuEnd] = [performance.now(), threadMs()]
    const work = cpuEnd - cpu
    turns.push({ start, end, work })
    start = end
    cpu = cpuEnd
    if (running) setImmediate(tick)
  }
  setImmediate(tick)
  await body()
  await nextTurn()
  running = false
  // Collections are told of a turn later.
  await nextTurn()
  await nextTurn()
  observer.disconnect()
  const isCollected = ({ end, start }: Turn): boolean => collections.some((at) => at >= start && at <= end)
  const mostOf = (some: ReadonlyArray<Turn>): number =>
    some.reduce((most, { work }) => Math.max(most, work), 0)
  return {
    worked: mostOf(turns),
    uncollected: mostOf(turns.filter((turn) => !isCollected(turn))),
    lasted: turns.reduce((longest, turn) => Math.max(longest, turn.end - turn.start), 0),
    over: turns.filter(({ work }) => work > limitMs).length
  }
}
