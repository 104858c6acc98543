/** Runs one program on three stores and compares the answers. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import { vector } from "@electric-sql/pglite-pgvector"
import { PgVectorStore } from "@keepsake/backend-pgvector"
import { compare, type NamedConfig } from "./compare.ts"

const folder = await mkdtemp(join(tmpdir(), "keepsake-swap-"))
const { KEEPSAKE_PG_URL: postgres, KEEPSAKE_QDRANT_URL: qdrant } = process.env
const pglite = postgres === undefined ? await PGlite.create({ extensions: { vector } }) : undefined

// The lexical embedder needs no key and no download. The stores agree with any other embedder too.
const embedder = "lexical"
const configs: Array<NamedConfig> = [
  { name: "file", store: `file:${join(folder, "memory.db")}`, embedder },
  pglite === undefined
    ? { name: "postgres", store: postgres ?? "", embedder }
    : { name: "pglite", store: PgVectorStore.layer({ pglite }), embedder }
]
if (qdrant === undefined)
  console.log("Set KEEPSAKE_QDRANT_URL to include Qdrant, KEEPSAKE_PG_URL to use a PostgreSQL server.\n")
else
  configs.push({
    name: "qdrant",
    store: { backend: "qdrant", url: qdrant, collection: "keepsake-swap-backends" },
    embedder
  })

try {
  const { same, table } = await compare(configs)
  console.log(table)
  console.log(same ? "\nThe same answers, in the same order, with the same scores." : "\nThe stores differ.")
  process.exitCode = same ? 0 : 1
} finally {
  await pglite?.close()
  await rm(folder, { recursive: true, force: true })
}
