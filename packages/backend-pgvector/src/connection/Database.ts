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

export interface Database extends DbSession {
  /** False for PGlite, whose one session runs a statement at a time. */
  readonly concurrent: boolean
  /** Commits when `body` resolves, rolls back when it rejects. Nothing else runs in the session meanwhile. */
  readonly transaction: <A>(body: (session: DbSession) => Promise<A>) => Promise<A>
  /** Runs `body` in a session of its own outside any transaction, for commands that PostgreSQL refuses inside one. */
  readonly withSession: <A>(body: (session: DbSession) => Promise<A>) => Promise<A>
  readonly close: () => Promise<void>
}
