/** What one turn of the event loop takes of the processor at most. */
import { threadMs } from "./threadTime.ts"

export interface Turns {
  /** Milliseconds that this thread worked in its busiest turn at most, garbage collection included. */
  readonly worked: number
  /** Milliseconds of the longest turn by the clock: waiting for the disk, or for a core, is in it. */
  readonly lasted: number
  /** Turns that used the processor for longer than the limit. */
  readonly over: number
}

/** Ticks the event loop continuously while `body` runs, and measures the turns between. */
export const longestTurn = async (limitMs: number, body: () => Promise<unknown>): Promise<Turns> => {
  let [worked, lasted, over] = [0, 0, 0]
  let running = true
  let [at, cpu] = [performance.now(), threadMs()]
  const tick = () => {
    const [now, cpuNow] = [performance.now(), threadMs()]
    const work = cpuNow - cpu
    worked = Math.max(worked, work)
    lasted = Math.max(lasted, now - at)
    if (work > limitMs) over++
    at = now
    cpu = cpuNow
    if (running) setImmediate(tick)
  }
  setImmediate(tick)
  await body()
  await new Promise((resolve) => setImmediate(resolve))
  running = false
  return { worked, lasted, over }
}
