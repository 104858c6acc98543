import type { PGliteInterface, Transaction } from "@electric-sql/pglite"
import type { Database, DbSession, Row } from "./Database.ts"
import { parseNumberArray } from "./parameterCodec.ts"

const passThrough = (value: unknown): unknown => value

/** PGlite encodes by parameter type; our values are encoded already. */
const serializers = new Proxy<Record<number, (value: unknown) => string>>(
  {},
  // PGlite sends a Uint8Array in binary, which its types do not say.
  { get: () => passThrough }
)

const parsers = {
  20: Number,
  1007: parseNumberArray,
  1016: parseNumberArray,
  1021: parseNumberArray,
  1022: parseNumberArray
}

const toSession = (db: PGliteInterface | Transaction): DbSession => ({
  query: async (statement) => {
    const result = await db.query<Row>(statement.text, [...statement.values], {
      rowMode: "array",
      serializers,
      parsers
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
