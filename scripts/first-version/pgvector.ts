/** Exports the store as SQL for PGlite or a server: the first version's tables and triggers, then the rows. */
import type { PGlite } from "@electric-sql/pglite"
import { PgVectorStore } from "@keepsake/backend-pgvector"
import { join } from "node:path"
import { namesOf } from "../../../packages/backend-pgvector/src/names.ts"
import { MIGRATIONS, migrationsTable } from "../../../packages/backend-pgvector/src/schema.ts"
import { openPGlite } from "../../../packages/backend-pgvector/test/servers.ts"
import { FIXTURE_DIMENSIONS } from "./embedder.ts"
import type { Kind, Place } from "./Place.ts"
import { saveCompressed } from "./save.ts"

/** A restore replaces this name. */
const SCHEMA = "first_version"
const BATCH = 500
/** The triggers fill the derived tables. */
const DUMPED = ["migrations", "settings", "memories", "accesses"]
const DERIVED = ["postings", "scopes"]
const EMPTY = ["stage", "tuned"]
const APPLIED_AT = "2025-06-15 00:00:00+00"

const tables = (kind: Kind): ReadonlyArray<string> => {
  const names = namesOf(SCHEMA, "")
  const dimensions = kind === "words" ? null : FIXTURE_DIMENSIONS
  const space = { number: 1, dimensions, vectorType: "vector", extension: "public" } as const
  return [
    "create extension if not exists vector",
    `create schema ${names.schema}`,
    migrationsTable(names),
    ...MIGRATIONS.flatMap(({ up }) => up(names, space))
  ]
}

const readColumns = async (db: PGlite, table: string): Promise<ReadonlyArray<string>> => {
  const { rows } = await db.query<{ name: string }>(
    "select column_name as name from information_schema.columns where table_schema = $1 and table_name = $2 order by ordinal_position",
    [SCHEMA, table]
  )
  return rows.map(({ name }) => name)
}

const ORDER: Record<string, string> = { memories: "order by created_at, id", accesses: "order by scope, id" }

const inserts = async (db: PGlite, table: string): Promise<ReadonlyArray<string>> => {
  const columns = await readColumns(db, table)
  const literals = columns.map((column) => `coalesce(quote_literal(${column}::text), 'null')`).join(", ")
  const { rows } = await db.query<{ row: string }>(
    `select concat_ws(',', ${literals}) as row from ${SCHEMA}.${table} ${ORDER[table] ?? ""}`
  )
  const statements: Array<string> = []
  for (let i = 0; i < rows.length; i += BATCH) {
    const values = rows.slice(i, i + BATCH).map(({ row }) => `(${row})`)
    statements.push(
      `insert into "${SCHEMA}"."${table}" (${columns.join(", ")}) values\n${values.join(",\n")}`
    )
  }
  return statements
}

/** All rows of a table as one text, for a comparison. */
const readContent = async (db: PGlite, table: string): Promise<string> => {
  const { rows } = await db.query<{ content: string | null }>(
    `select string_agg(t::text, chr(10) order by t::text) as content from ${SCHEMA}.${table} t`
  )
  return rows[0]?.content ?? ""
}

/** Throws unless the script restores the same tables. */
const assertFaithful = async (db: PGlite, script: string): Promise<void> => {
  const copy = await openPGlite()
  await copy.exec(script)
  for (const table of [...DUMPED, ...DERIVED]) {
    if ((await readContent(db, table)) !== (await readContent(copy, table)))
      throw new Error(`${table} differs after the restore`)
  }
  for (const table of EMPTY)
    if ((await readContent(db, table)) !== "") throw new Error(`${table} has rows that the script leaves out`)
  await copy.close()
}

export const pgvectorPlace = async (kind: Kind): Promise<Place> => {
  const pglite = await openPGlite()
  return {
    layer: PgVectorStore.layer({ pglite, schema: SCHEMA }),
    save: async (folder) => {
      await pglite.exec(`update ${SCHEMA}.migrations set applied_at = '${APPLIED_AT}'`)
      const statements = [...tables(kind)]
      for (const table of DUMPED) statements.push(...(await inserts(pglite, table)))
      const script = `begin;\n${statements.join(";\n")};\ncommit;\n`
      await assertFaithful(pglite, script)
      saveCompressed(join(folder, "store.sql"), script)
    },
    end: () => pglite.close()
  }
}
