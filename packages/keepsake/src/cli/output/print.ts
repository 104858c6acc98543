import { escapeHiddenJson } from "@keepsake/core/driver"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { hideSecrets } from "../../config/hideSecrets.ts"
import { cleanStyled, hasColours } from "./style.ts"
import { manyLines } from "./text.ts"

/** Columns of the terminal; 80 without one. */
export const columns = (): number => Math.max(40, process.stdout.columns ?? 80)

/** Columns for a text of any length: in a pipe, where no line is too long, as many as it takes. */
export const textColumns = (): number => (process.stdout.isTTY ? columns() : Number.POSITIVE_INFINITY)

/** One line of JSON that steers no terminal. */
export const jsonLine = (value: unknown): string => escapeHiddenJson(JSON.stringify(value))

/** JSON for programs, text for people. All that commands print goes through here or through `note`. */
export const print = (json: boolean, value: unknown, text: () => string): Effect.Effect<void> =>
  Console.log(json ? jsonLine(value) : cleanStyled(text(), hasColours(process.stdout), manyLines))

/** Prints a message to standard error, so that a pipe carries only the result. No address in it shows its secrets. */
export const note = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stderr.write(`${cleanStyled(hideSecrets(text), hasColours(process.stderr), manyLines)}\n`)
  })
