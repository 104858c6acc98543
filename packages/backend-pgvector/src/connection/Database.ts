/** What the store needs of a connection: a pool of `pg`, or PGlite in process. */

/** A parameter as it is sent: text, binary (a Buffer) or NULL. Encoded by us, so that every driver sends the same bytes. */
export type ParameterValue = string | Buffer | null

export interface SqlStatement {
  /** Names the kind of statement for logs and tests, such as `search`. */
  readonly operation: string
  readonly text: string
  readonly values: ReadonlyArray<ParameterValue>
  /** The text has one of many shapes: few of them are prepared by name. */
  readonly varying?: boolean
}

/** Values in the order of the select list: numbers, strings, booleans, JSON, arrays of numbers, or null. */
export type Row = ReadonlyArray<unknown>

export type Rows = ReadonlyArray<Row>

export interface DbSession {
  readonly query: (statement: SqlStatement) => Promise<Rows>
  /** Several commands without parameters, in one message. */
  readonly execute: (script: string) => Promise<void>
}

/**
 * Milliseconds that a call may take, with the wait for a session: then it fails, and its session is given up. Null
 * sets no limit. PGlite, in process, has none.
 */
export type CallLimit = number | null

/** Runs `body` with a session that nothing else uses meanwhile. */
type WithSession = <A>(body: (session: DbSession) => Promise<A>, limitMs?: CallLimit) => Promise<A>

export interface Database extends DbSession {
  readonly query: (statement: SqlStatement, limitMs?: CallLimit) => Promise<Rows>
  /** False for PGlite, whose one session runs a statement at a time. */
  readonly concurrent: boolean
  /** Commits when `body` resolves, rolls back when it rejects. */
  readonly transaction: WithSession
  /** Outside any transaction, for commands that PostgreSQL refuses inside one; the session is not used again. */
  readonly withSession: WithSession
  readonly close: () => Promise<void>
}
