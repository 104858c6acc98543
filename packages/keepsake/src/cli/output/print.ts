import { escapeHiddenJson } from "@keepsake/core/driver"
import { Console, Effect } from "effect"
import { hideSecrets } from "../../config/hideSecrets.ts"
import { manyLines } from "./text.ts"

/** Columns of the terminal; 80 without one. */
export const columns = (): number => Math.max(40, process.stdout.columns ?? 80)

/** One line of JSON that steers no terminal. */
export const jsonLine = (value: unknown): string => escapeHiddenJson(JSON.stringify(value))

/** JSON for programs, text for people. All that commands print goes through here or through `note`. */
export const print = (json: boolean, value: unknown, text: () => string): Effect.Effect<void> =>
  Console.log(json ? jsonLine(value) : manyLines(text()))

/** Prints a message to standard error, so that a pipe carries only the result. No address in it shows its secrets. */
export const note = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stderr.write(`${manyLines(hideSecrets(text))}\n`)
  })

const BAR = 24

/** A progress bar on a terminal, a line per 1,000 elsewhere, nothing if `quiet`. */
export const makeProgress = (label: string, total: number | null, quiet: boolean) => {
  const isLive = process.stderr.isTTY && !quiet
  let lastShown = 0
  const line = (done: number): string => {
    if (total === null || total === 0) return `${label} ${done}`
    const share = Math.min(1, done / total)
    const full = Math.round(share * BAR)
    return `${label} [${"#".repeat(full)}${".".repeat(BAR - full)}] ${done}/${total} ${Math.floor(share * 100)}%`
  }
  return {
    show: (done: number): Effect.Effect<void> =>
      Effect.sync(() => {
        if (isLive) process.stderr.write(`\r\u001b[K${line(done)}`)
        else if (!quiet && done - lastShown >= 1_000) {
          lastShown = done
          process.stderr.write(`${line(done)}\n`)
        }
      }),
    end: Effect.sync(() => {
      if (isLive) process.stderr.write("\r\u001b[K")
    })
  }
}
