import { createHash } from "node:crypto"
import {
  type CustomTypesConfig,
  type Pool,
  type PoolClient,
  type QueryArrayConfig,
  types as pgTypes
} from "pg"
import type { Database, Row, DbSession, SqlStatement } from "./Database.ts"
import { parseNumberArray } from "./parameterCodec.ts"

const INT8 = 20
const NUMBER_ARRAYS = new Set([1007, 1016, 1021, 1022])

const toNumber = (text: string): number => Number(text)

/** Our own reading of a few types, given per query: the application's global parsers stay as they are. */
const types: CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (oid === INT8) return toNumber
    if (NUMBER_ARRAYS.has(oid)) return parseNumberArray
    return pgTypes.getTypeParser(oid, format)
  }
}

/**
 * A prepared statement's name: stable for its text, so that a session parses and plans it once, and so that
 * two versions of this package never mean different texts by one name.
 */
const statementName = (statement: SqlStatement): string =>
  `keepsake_${statement.operation}_${createHash("sha1").update(statement.text).digest("hex").slice(0, 16)}`

const names = new Map<string, string>()
const nameOf = (statement: SqlStatement): string => {
  const known = names.get(statement.text)
  if (known !== undefined) return known
  const name = statementName(statement)
  names.set(statement.text, name)
  return name
}

const ignore = (): void => {}

export interface PoolDatabaseOptions {
  /** Close the pool when the store closes: only a pool of our own. */
  readonly owned: boolean
  readonly namedStatements: boolean
}

/** Statements over a `pg` pool. */
export const poolDatabase = (pool: Pool, options: PoolDatabaseOptions): Database => {
  // Without a listener, an idle connection that breaks would end the process.
  pool.on("error", ignore)

  const config = (statement: SqlStatement): QueryArrayConfig => ({
    text: statement.text,
    values: [...statement.values],
    rowMode: "array",
    types,
    ...(options.namedStatements ? { name: nameOf(statement) } : {})
  })

  const session = (client: Pool | PoolClient): DbSession => ({
    query: async (statement) => {
      const result = await client.query<Array<unknown>>(config(statement))
      return result.rows satisfies ReadonlyArray<Row>
    },
    execute: async (script) => {
      await client.query(script)
    }
  })

  /** `body` resolves to whether the session may be lent again. */
  const borrow = async (body: (session: DbSession) => Promise<boolean>): Promise<void> => {
    const client = await pool.connect()
    client.on("error", ignore)
    let reusable = false
    try {
      reusable = await body(session(client))
    } finally {
      client.off("error", ignore)
      client.release(!reusable)
    }
  }

  const transaction = async <A>(body: (session: DbSession) => Promise<A>): Promise<A> => {
    let outcome: { readonly value: A } | { readonly cause: unknown } | undefined
    await borrow(async (inner) => {
      try {
        await inner.execute("begin")
        const value = await body(inner)
        await inner.execute("commit")
        outcome = { value }
        return true
      } catch (cause) {
        outcome = { cause }
        return inner.execute("rollback").then(
          () => true,
          () => false
        )
      }
    })
    if (outcome !== undefined && "value" in outcome) return outcome.value
    throw outcome?.cause
  }

  /** The session may keep settings and locks of `body`: it is not lent again. */
  const alone = async <A>(body: (session: DbSession) => Promise<A>): Promise<A> => {
    const values: Array<A> = []
    await borrow(async (inner) => {
      values.push(await body(inner))
      return false
    })
    const [value] = values
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pushed above, and A may be undefined
    return value as A
  }

  return {
    ...session(pool),
    concurrent: true,
    transaction,
    alone,
    close: async () => {
      pool.off("error", ignore)
      if (options.owned && !pool.ended) {
        pool.on("error", ignore)
        await pool.end()
      }
    }
  }
}
