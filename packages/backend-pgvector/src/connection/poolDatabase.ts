import { createHash } from "node:crypto"
import { setTimeout as wait } from "node:timers/promises"
import {
  type CustomTypesConfig,
  type Pool,
  type PoolClient,
  type QueryArrayConfig,
  types as pgTypes
} from "pg"
import type { CallLimit, Database, DbSession, Row, SqlStatement } from "./Database.ts"
import { wasAnswered } from "./errors.ts"
import { PoolSessions } from "./PoolSessions.ts"
import { findParser } from "./valueParsers.ts"

/** Parsers of our own, set per query: the application's global parsers, and those of its clients, stay as they are. */
const types: CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    // A pool of the application's may ask for binary values.
    format === "binary" ? pgTypes.getTypeParser(oid, format) : findParser(oid)
}

const hashName = (statement: SqlStatement): string =>
  `keepsake_${statement.operation}_${createHash("sha1").update(statement.text).digest("hex").slice(0, 16)}`

/** Texts with a condition that are prepared by name: a session keeps each with its plan until it ends. */
const VARYING_MAX = 64

const makePreparedNames = () => {
  const names = new Map<string, string>()
  let varying = 0
  /**
   * A prepared statement's name; `undefined` for a text to parse each time. Derived from the text, so that a session
   * parses and plans it once, and so that two versions of this package never use one name for different texts.
   */
  return (statement: SqlStatement): string | undefined => {
    const known = names.get(statement.text)
    if (known !== undefined) return known
    if (statement.varying === true && ++varying > VARYING_MAX) return undefined
    const name = hashName(statement)
    names.set(statement.text, name)
    return name
  }
}

const ignore = (): void => {}

const runTransaction = async <A>(
  session: DbSession,
  body: (session: DbSession) => Promise<A>,
  spend: () => void
): Promise<A> => {
  try {
    await session.execute("begin")
    const value = await body(session)
    await session.execute("commit")
    return value
  } catch (cause) {
    await session.execute("rollback").catch(spend)
    throw cause
  }
}

export interface PoolDatabaseOptions {
  /** Close the pool with the store: only a pool that the store made. */
  readonly owned: boolean
  readonly namedStatements: boolean
}

type ToSession = (client: PoolClient) => DbSession

const makeToSession = (namedStatements: boolean): ToSession => {
  const preparedName = namedStatements ? makePreparedNames() : () => undefined
  const toQuery = (statement: SqlStatement): QueryArrayConfig => {
    const name = preparedName(statement)
    return {
      text: statement.text,
      values: [...statement.values],
      rowMode: "array",
      types,
      ...(name === undefined ? {} : { name })
    }
  }
  return (client) => ({
    query: async (statement) => {
      const result = await client.query<Array<unknown>>(toQuery(statement))
      return result.rows satisfies ReadonlyArray<Row>
    },
    execute: async (script) => {
      await client.query(script)
    }
  })
}

/**
 * Listens to every client that the pool lends, from before the pool itself stops listening: the server may end a
 * session in the same packet that makes it ready, and an error without a listener ends the process.
 */
const listenToClients = (pool: Pool): (() => void) => {
  const known = new WeakSet<PoolClient>()
  const listen = (client: PoolClient): void => {
    if (known.has(client)) return
    known.add(client)
    client.on("error", ignore)
  }
  pool.on("acquire", listen)
  return () => pool.off("acquire", listen)
}

/** How long closing waits for a server that does not answer. */
const CLOSE_MS = 5_000

/** Statements over a `pg` pool. */
export const poolDatabase = (pool: Pool, options: PoolDatabaseOptions): Database => {
  // Without a listener, an idle connection that breaks would end the process.
  pool.on("error", ignore)
  const stopListening = listenToClients(pool)
  const sessions = new PoolSessions(pool)
  const toSession = makeToSession(options.namedStatements)
  const runAlone = async <A>(run: (session: DbSession) => Promise<A>, limitMs: CallLimit) =>
    sessions.lend(async (client, spend) => {
      try {
        return await run(toSession(client))
      } catch (cause) {
        if (!wasAnswered(cause)) spend()
        throw cause
      }
    }, limitMs)
  return {
    query: async (statement, limitMs = null) => runAlone((session) => session.query(statement), limitMs),
    execute: async (script) => runAlone((session) => session.execute(script), null),
    concurrent: true,
    transaction: async (body, limitMs = null) =>
      sessions.lend(async (client, spend) => runTransaction(toSession(client), body, spend), limitMs),
    withSession: async (body, limitMs = null) =>
      sessions.lend(async (client, spend) => {
        // It may keep settings and locks of `body`.
        spend()
        return body(toSession(client))
      }, limitMs),
    close: async () => {
      sessions.giveUp()
      stopListening()
      pool.off("error", ignore)
      if (options.owned && !pool.ended) {
        pool.on("error", ignore)
        await Promise.race([pool.end(), wait(CLOSE_MS, undefined, { ref: false })])
      }
    }
  }
}
