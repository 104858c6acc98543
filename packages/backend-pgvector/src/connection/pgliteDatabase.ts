import type { PGliteInterface, Transaction } from "@electric-sql/pglite"
import type { Database, DbSession, Row } from "./Database.ts"
import { PARSER_TABLE } from "./valueParsers.ts"

const passThrough = (value: unknown): unknown => value

/** PGlite encodes by parameter type; our values are encoded already. */
const serializers = new Proxy<Record<number, (value: unknown) => string>>(
  {},
  // PGlite sends a Uint8Array in binary, which its types do not say.
  { get: () => passThrough }
)

const toSession = (db: PGliteInterface | Transaction): DbSession => ({
  query: async (statement) => {
    const result = await db.query<Row>(statement.text, [...statement.values], {
      rowMode: "array",
      serializers,
      parsers: PARSER_TABLE
    })
    return result.rows
  },
  execute: async (script) => {
    await db.exec(script)
  }
})

/** Statements over PGlite: one session, which the application owns and closes. */
export const pgliteDatabase = (db: PGliteInterface): Database => ({
  ...toSession(db),
  concurrent: false,
  transaction: (body) => db.transaction((tx) => body(toSession(tx))),
  withSession: (body) => body(toSession(db)),
  close: () => Promise.resolve()
})
