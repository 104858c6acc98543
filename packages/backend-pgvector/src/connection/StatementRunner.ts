import { Closed, MemoryError, type Scope } from "@keepsake/core/driver"
import { Effect, Schedule } from "effect"
import type { Database, Row, DbSession, SqlStatement } from "./Database.ts"
import { mayRetry, toMemoryError } from "./errors.ts"
import { scopeId } from "../schema/identifiers.ts"

/** Whose rows a statement is about: row-level security lets it see no others. */
export type RowScope = Scope | "all"

export type Rows = ReadonlyArray<Row>

/** Runs statements: closed or not, with row-level security or without, retried where that is safe. */
export interface StatementRunner {
  readonly read: (reach: RowScope, statement: () => SqlStatement) => Effect.Effect<Rows, MemoryError>
  readonly write: (reach: RowScope, statement: () => SqlStatement) => Effect.Effect<Rows, MemoryError>
  /** A write whose size only the data bounds (a whole scope, a user): no statement timeout ends it. */
  readonly writeAll: (reach: RowScope, statement: () => SqlStatement) => Effect.Effect<Rows, MemoryError>
  /** Several statements in one transaction, across scopes, without a statement timeout. */
  readonly transaction: <A>(body: (session: DbSession) => Promise<A>) => Effect.Effect<A, MemoryError>
  /** Outside any transaction, across scopes, without a statement timeout. */
  readonly alone: <A>(body: (session: DbSession) => Promise<A>) => Effect.Effect<A, MemoryError>
  /** From now on every call fails with this. */
  readonly seal: (message: string) => void
  /** Resolves when what was begun has ended, or after `DRAIN_MS`. */
  readonly drained: () => Promise<void>
}

/** How long closing waits for statements that are under way. */
const DRAIN_MS = 30_000

const ATTEMPTS = 5

const FIRST_PAUSE = "10 millis"

/** 20, 40, 80, … ms, spread so that those who collided do not collide again. */
const backoff = Schedule.exponential("20 millis").pipe(Schedule.jittered)

export const makeStatementRunner = (database: Database, rowLevelSecurity: boolean): StatementRunner => {
  let sealed: string | null = null
  const underway = new Set<Promise<unknown>>()

  /** Noted by its promise and not by its fiber: an interrupted fiber leaves the statement running. */
  const begun = <A>(body: () => Promise<A>): Promise<A> => {
    const promise = body()
    underway.add(promise)
    const settle = () => underway.delete(promise)
    promise.then(settle, settle)
    return promise
  }

  const reaching = (reach: RowScope): string =>
    `set local keepsake.scope = '${reach === "all" ? "all" : scopeId(reach)}'`

  const attempt = <A>(kind: "read" | "write", body: () => Promise<A>): Effect.Effect<A, MemoryError> => {
    const call = Effect.suspend(() =>
      sealed === null
        ? Effect.tryPromise({ try: () => begun(body), catch: toMemoryError })
        : Effect.fail(new MemoryError({ reason: new Closed({ message: sealed }) }))
    )
    // An interrupted write is waited for: it must not land after what its caller does next, forgetting least of all.
    const once = kind === "write" ? Effect.uninterruptible(call) : call
    const again = (error: MemoryError) => mayRetry(error, kind)
    // The schedule is set up after a first failure: on the way of every call it would cost more than the call.
    return once.pipe(
      Effect.catch((error) =>
        again(error)
          ? Effect.sleep(FIRST_PAUSE).pipe(
              Effect.andThen(Effect.retry(once, { schedule: backoff, times: ATTEMPTS - 2, while: again }))
            )
          : Effect.fail(error)
      )
    )
  }

  const run = (kind: "read" | "write") => (reach: RowScope, statement: () => SqlStatement) =>
    attempt(kind, () =>
      rowLevelSecurity
        ? database.transaction(async (session) => {
            await session.execute(reaching(reach))
            return session.query(statement())
          })
        : database.query(statement())
    )

  const withoutTimeout = <A>(reach: RowScope, body: (session: DbSession) => Promise<A>) =>
    attempt("write", () =>
      database.transaction(async (session) => {
        await session.execute("set local statement_timeout = 0")
        if (rowLevelSecurity) await session.execute(reaching(reach))
        return body(session)
      })
    )

  return {
    read: run("read"),
    write: run("write"),
    writeAll: (reach, statement) => withoutTimeout(reach, (session) => session.query(statement())),
    transaction: (body) => withoutTimeout("all", body),
    alone: (body) => attempt("write", () => database.alone(body)),
    seal: (message) => {
      sealed ??= message
    },
    drained: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, DRAIN_MS)
      await Promise.race([Promise.allSettled(underway), promise])
      clearTimeout(timer)
    }
  }
}
