import { MemoryError } from "@keepsake/core"
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as CliError from "effect/cli/CliError"
import { hideSecrets } from "../config/hideSecrets.ts"
import { jsonLine } from "./output/print.ts"
import { hasColours, styled } from "./output/style.ts"
import { oneLine, wrap } from "./output/text.ts"

/** 0 done, 1 failed, 2 wrong usage, 3 the doctor found a fault, 4 some memories have no vector, 130 interrupted, 141 the reader closed the pipe. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  faults: 3,
  incomplete: 4,
  interrupted: 130,
  pipeClosed: 141
} as const

export const toExitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  // doctor and reembed set their codes themselves.
  if (exit._tag === "Success") return Number(process.exitCode ?? EXIT.ok)
  if (Cause.hasInterruptsOnly(exit.cause)) return EXIT.interrupted
  const error = Cause.squash(exit.cause)
  if (error instanceof MemoryError) return error.reason._tag === "InvalidInput" ? EXIT.usage : EXIT.failed
  return CliError.isCliError(error) ? EXIT.usage : EXIT.failed
}

const NAME = "keepsake:"

/** The text of a failure: what is wrong and what to do, never a stack. */
export const describeFailure = (
  cause: Cause.Cause<unknown>,
  json: boolean,
  columns: number
): string | undefined => {
  if (Cause.hasInterruptsOnly(cause)) return undefined
  const error = Cause.squash(cause)
  // The parser prints its own errors, with the command's help.
  if (CliError.isCliError(error)) return undefined
  const reason = error instanceof MemoryError ? error.reason._tag : "Defect"
  const message = hideSecrets(error instanceof Error ? error.message : String(error))
  if (json) return jsonLine({ error: { reason, message } })
  const name = hasColours(process.stderr) ? styled("red", NAME) : NAME
  return wrap(`${NAME} ${oneLine(message)}`, columns)
    .join("\n")
    .replace(NAME, name)
}
