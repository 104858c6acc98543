/** Progress of what takes over a second: how far, how fast, how long yet. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { columns } from "./print.ts"

const BAR = 24

/** Anything shorter is over before it could be read. */
const SHOWN_AFTER_MS = 1_000

/** Redrawing at every row would take longer than the work. */
const REDRAW_MS = 100

const describeDuration = (seconds: number): string => {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

/** The line of progress after `elapsedMs`, within `width` columns. */
export const progressLine = (
  label: string,
  done: number,
  total: number | null,
  elapsedMs: number,
  width: number
): string => {
  const rate = done / Math.max(0.001, elapsedMs / 1_000)
  const speed = `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`
  if (total === null || total === 0) return `${label} ${done} ${speed}`.slice(0, width)
  const share = Math.min(1, done / total)
  const left = done === 0 ? "" : ` ${describeDuration((total - done) / rate)} left`
  const numbers = `${Math.floor(share * 100)}% ${done}/${total} ${speed}${done < total ? left : ""}`
  const full = Math.round(share * BAR)
  const wide = `${label} [${"#".repeat(full)}${".".repeat(BAR - full)}] ${numbers}`
  return wide.length <= width ? wide : `${label} ${numbers}`.slice(0, width)
}

/** Shows progress on a terminal; silent elsewhere, and for programs. */
export const makeProgress = (label: string, total: number | null, json: boolean) => {
  const isShown = process.stderr.isTTY && !json
  let startedAt: number | undefined
  let drawnAt = 0
  return {
    show: (done: number): Effect.Effect<void> =>
      isShown
        ? Effect.map(Clock.currentTimeMillis, (now) => {
            startedAt ??= now
            if (now - startedAt < SHOWN_AFTER_MS || now - drawnAt < REDRAW_MS) return
            drawnAt = now
            const line = progressLine(label, done, total, now - startedAt, columns() - 1)
            process.stderr.write(`\r\u001b[K${line}`)
          })
        : Effect.void,
    end: Effect.sync(() => {
      if (drawnAt > 0) process.stderr.write("\r\u001b[K")
    })
  }
}
