/** What the store asks of a way to PostgreSQL: a pool of `pg`, or PGlite in process. */

/** On the wire: text, binary (a Buffer), or NULL. Encoded by us, so that every driver sends the same bytes. */
export type WireValue = string | Buffer | null

export interface SqlStatement {
  /** Names the kind of statement for logs and tests, such as `search`. */
  readonly operation: string
  readonly text: string
  readonly values: ReadonlyArray<WireValue>
}

/** Values in the order of the select list: numbers, strings, booleans, JSON, arrays of numbers, or null. */
export type Row = ReadonlyArray<unknown>

export interface DbSession {
  readonly query: (statement: SqlStatement) => Promise<ReadonlyArray<Row>>
  /** Several commands without parameters, in one message. */
  readonly execute: (script: string) => Promise<void>
}

export interface Database extends DbSession {
  /** False for PGlite: one session, nothing runs beside anything. */
  readonly concurrent: boolean
  /** Commits when `body` resolves, rolls back when it rejects; nothing else runs in its session meanwhile. */
  readonly transaction: <A>(body: (session: DbSession) => Promise<A>) => Promise<A>
  /** A session of its own, outside any transaction: for what PostgreSQL refuses inside one. */
  readonly alone: <A>(body: (session: DbSession) => Promise<A>) => Promise<A>
  readonly close: () => Promise<void>
}
