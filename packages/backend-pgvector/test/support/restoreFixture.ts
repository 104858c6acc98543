import { readFileSync } from "node:fs"
import { join } from "node:path"
import { brotliDecompressSync } from "node:zlib"

/** The schema of the fixtures. */
const WRITTEN_SCHEMA = '"first_version"'

/** The SQL that makes a fixture in a schema that is not there yet. */
export const fixtureScript = (folder: string, schema: string): string =>
  brotliDecompressSync(readFileSync(join(folder, "store.sql.br")))
    .toString("utf8")
    .replaceAll(WRITTEN_SCHEMA, `"${schema}"`)

/** The number of the last migration. */
export const formatQuery = (schema: string): string =>
  `select max(version) as format from "${schema}".migrations`
