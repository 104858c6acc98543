/** What a reader of another system's export gives. One file a system: add it to `formats.ts`. */
import type { Memory, Statement } from "@keepsake/core"
import type * as Result from "effect/Result"

/** A statement, and its user and agent in the other system; `null` where the export names none. */
export interface ForeignStatement {
  readonly _tag: "Statement"
  readonly statement: Statement
  readonly userId: string | null
  readonly agentId: string | null
}

/** What a row becomes. `Inactive` is deleted, archived or paused in the other system, and stays out. */
export type ImportItem =
  | ForeignStatement
  | { readonly _tag: "Memory"; readonly memory: Memory }
  | { readonly _tag: "Inactive" }

/** A row, or why it is refused. */
export type ParsedItem = Result.Result<ImportItem, string>

export type JsonRow = Readonly<Record<string, unknown>>

/** The export of one system, as rows of JSON. */
export interface Format {
  readonly name: string
  /** Whether this system writes such rows; the first row decides for its file. */
  readonly isRow: (row: JsonRow) => boolean
  readonly parse: (row: JsonRow) => ParsedItem
}
