import { type MemoryError, readTimeLeft, storeClosed } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { scopeId } from "../scopeId.ts"
import type { CallLimit, Database, DbSession, Rows, SqlStatement } from "./Database.ts"
import { mayRetry, toMemoryError } from "./errors.ts"
import type { ReadReplica } from "./ReadReplica.ts"
import type { RowScope } from "./RowScope.ts"

export type RunStatement = <A>(
  rowScope: RowScope,
  statement: () => SqlStatement,
  decode: (rows: Rows) => A
) => Effect.Effect<A, MemoryError>

/** Runs statements, with or without row-level security, and retries them where that is safe. */
export interface StatementRunner {
  readonly read: RunStatement
  readonly write: RunStatement
  /** A write that no read has to see at once. */
  readonly writeUnseen: RunStatement
  /** A write as large as its data (a whole scope, a user), without a statement timeout. */
  readonly writeAll: RunStatement
  /** Several statements in one transaction, across scopes, without a statement timeout. `writes`: the scope that they change, else any. */
  readonly transaction: <A>(
    body: (session: DbSession) => Promise<A>,
    writes?: RowScope
  ) => Effect.Effect<A, MemoryError>
  /** In a session of its own outside any transaction. `body` sets its own scope and timeout. */
  readonly withSession: <A>(body: (session: DbSession) => Promise<A>) => Effect.Effect<A, MemoryError>
  /** Resolves when all running statements have ended, or after `DRAIN_MS`. */
  readonly drained: () => Promise<void>
}

/** How long closing waits for running statements. */
const DRAIN_MS = 30_000

const ATTEMPTS = 5

/** The server's own limits come first: they leave the session as it is. */
const GRACE_MS = 2_000

const FIRST_PAUSE = "10 millis"

/** 20, 40, 80, … ms, jittered so that colliding statements do not collide again. */
const backoff = Schedule.exponential("20 millis").pipe(Schedule.jittered)

const retryWhile = <A>(
  call: Effect.Effect<A, MemoryError>,
  retryable: (error: MemoryError) => boolean
): Effect.Effect<A, MemoryError> =>
  // The schedule is built after a first failure: it would cost more than the call.
  call.pipe(
    Effect.catch((error) =>
      retryable(error)
        ? Effect.sleep(FIRST_PAUSE).pipe(
            Effect.andThen(Effect.retry(call, { schedule: backoff, times: ATTEMPTS - 2, while: retryable }))
          )
        : Effect.fail(error)
    )
  )

const makeTracker = () => {
  const running = new Set<Promise<unknown>>()
  return {
    /** Tracks the promise: interrupting the fiber does not cancel the statement. */
    track: <A>(body: () => Promise<A>): Promise<A> => {
      const promise = body()
      running.add(promise)
      const untrack = () => running.delete(promise)
      promise.then(untrack, untrack)
      return promise
    },
    drained: async (): Promise<void> => {
      const { promise: timedOut, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, DRAIN_MS)
      await Promise.race([Promise.allSettled(running), timedOut])
      clearTimeout(timer)
    }
  }
}

/** How long a call may take: until the caller's deadline, and `mostMs` at most. */
const limitUntil = (fiber: Fiber.Fiber<unknown, unknown>, mostMs: CallLimit): CallLimit => {
  const leftMs = readTimeLeft(fiber)
  if (leftMs === null) return mostMs
  return Math.max(0, Math.min(leftMs + GRACE_MS, mostMs ?? Number.POSITIVE_INFINITY))
}

const setScope = (rowScope: RowScope): string =>
  `set local keepsake.scope = '${rowScope === "all" ? "all" : scopeId(rowScope)}'`

export interface RunnerOptions {
  /** After which the server cancels a statement; null where it does not, or is not known to. */
  readonly statementTimeoutMs: number | null
  readonly rowLevelSecurity: boolean
  /** Why calls fail with `Closed`; `null` while the store serves. Read before each attempt, retries included. */
  readonly closedReason: () => string | null
  /** Answers reads in place of the database; null without one. */
  readonly replica: ReadReplica | null
}

type Attempt = <A>(
  kind: "read" | "write",
  body: (limitMs: CallLimit) => Promise<A>,
  mostMs: CallLimit
) => Effect.Effect<A, MemoryError>

const makeAttempt =
  ({ closedReason }: RunnerOptions, { track }: ReturnType<typeof makeTracker>): Attempt =>
  (kind, body, mostMs) => {
    const call = Effect.withFiber((fiber) => {
      const reason = closedReason()
      if (reason !== null) return Effect.fail(storeClosed(reason))
      const limitMs = limitUntil(fiber, mostMs)
      return Effect.tryPromise({ try: () => track(() => body(limitMs)), catch: toMemoryError })
    })
    // An interrupted write is awaited: it must not land after the caller's next call, a removal for example.
    const once = kind === "write" ? Effect.uninterruptible(call) : call
    return retryWhile(once, (error) => mayRetry(error, kind))
  }

export const makeStatementRunner = (database: Database, options: RunnerOptions): StatementRunner => {
  const { replica, rowLevelSecurity, statementTimeoutMs } = options
  const tracker = makeTracker()
  const attempt = makeAttempt(options, tracker)
  const statementLimitMs = statementTimeoutMs === null ? null : statementTimeoutMs + GRACE_MS

  const runOn = (
    target: Database,
    kind: "read" | "write",
    [rowScope, statement]: readonly [RowScope, () => SqlStatement],
    mostMs: CallLimit
  ): Effect.Effect<Rows, MemoryError> =>
    attempt(
      kind,
      (limitMs) =>
        rowLevelSecurity
          ? target.transaction(async (session) => {
              await session.execute(setScope(rowScope))
              return session.query(statement())
            }, limitMs)
          : target.query(statement(), limitMs),
      mostMs
    )

  const noteWrite = <A>(rowScope: RowScope, write: Effect.Effect<A, MemoryError>) =>
    replica === null ? write : replica.afterWrite(rowScope, write)

  const writeUnseen: RunStatement = (rowScope, statement, decode) =>
    Effect.map(runOn(database, "write", [rowScope, statement], statementLimitMs), decode)

  const read: RunStatement = (rowScope, statement, decode) => {
    const primary = runOn(database, "read", [rowScope, statement], statementLimitMs)
    if (replica === null) return Effect.map(primary, decode)
    const halfMs = statementLimitMs === null ? null : statementLimitMs / 2
    const rows = replica.answer(
      rowScope,
      runOn(replica.database, "read", [rowScope, statement], halfMs),
      primary
    )
    return Effect.map(rows, decode)
  }

  const withoutTimeout = <A>(rowScope: RowScope, body: (session: DbSession) => Promise<A>) =>
    attempt(
      "write",
      (limitMs) =>
        database.transaction(async (session) => {
          await session.execute("set local statement_timeout = 0")
          if (rowLevelSecurity) await session.execute(setScope(rowScope))
          return body(session)
        }, limitMs),
      null
    )

  return {
    read,
    write: (rowScope, statement, decode) => noteWrite(rowScope, writeUnseen(rowScope, statement, decode)),
    writeUnseen,
    writeAll: (rowScope, statement, decode) =>
      Effect.map(
        noteWrite(
          rowScope,
          withoutTimeout(rowScope, (session) => session.query(statement()))
        ),
        decode
      ),
    transaction: (body, writes = "all") => noteWrite(writes, withoutTimeout("all", body)),
    withSession: (body) => attempt("write", (limitMs) => database.withSession(body, limitMs), null),
    drained: tracker.drained
  }
}
