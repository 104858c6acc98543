import { STATEMENT_LIMITS } from "@keepsake/core"
import { fields } from "@keepsake/core/driver"
import * as Result from "effect/Result"
import { findHistoryProblem, type HistoryEntry } from "./history.ts"

const { boolean, isKeepable, nullable, object, refused, test } = fields

/** A session as plain JSON: `session.export()` returns it and `resume` takes it. */
export interface SessionExport {
  readonly version: 1
  readonly agentId: string
  readonly userId: string
  readonly sessionId: string
  /** The number of the next turn; `null` until the store was asked. */
  readonly nextTurn: number | null
  /** Whether `exchanges` is the whole session. */
  readonly complete: boolean
  readonly exchanges: ReadonlyArray<HistoryEntry>
}

const NOT_AN_EXPORT = "is not from session.export()"

const id = test((value) => typeof value === "string", NOT_AN_EXPORT)

export const sessionId: fields.Field<string> = test(
  (value): value is string =>
    typeof value === "string" &&
    value.trim() !== "" &&
    value.length <= STATEMENT_LIMITS.name &&
    isKeepable(value),
  `give 1 to ${STATEMENT_LIMITS.name} characters, or leave it out for a new one`
)

const exchanges: fields.Field<ReadonlyArray<HistoryEntry>> = (value) => {
  const problem = findHistoryProblem(value)
  return problem === undefined ? Result.succeed(value as ReadonlyArray<HistoryEntry>) : refused(problem)
}

/** Reads an export of any user. */
export const sessionExport = object({
  version: test((value) => value === 1, NOT_AN_EXPORT),
  agentId: id,
  userId: id,
  sessionId,
  nextTurn: nullable(
    test((value): value is number => Number.isSafeInteger(value) && Number(value) >= 0, "is not a turn")
  ),
  complete: boolean,
  exchanges
} satisfies fields.Fields<SessionExport>)
