import type { PGliteInterface, Transaction } from "@electric-sql/pglite"
import type { Database, Row, DbSession } from "./Database.ts"
import { parseNumberArray } from "./parameterCodec.ts"

const asIs = (value: unknown): unknown => value

/** PGlite encodes by parameter type; ours are encoded already. */
const serializers = new Proxy<Record<number, (value: unknown) => string>>(
  {},
  // PGlite passes a Uint8Array on in binary, which its types do not say.
  { get: () => asIs }
)

const parsers = {
  20: Number,
  1007: parseNumberArray,
  1016: parseNumberArray,
  1021: parseNumberArray,
  1022: parseNumberArray
}

const session = (db: PGliteInterface | Transaction): DbSession => ({
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
  ...session(db),
  concurrent: false,
  transaction: (body) => db.transaction((tx) => body(session(tx))),
  alone: (body) => body(session(db)),
  close: () => Promise.resolve()
})
