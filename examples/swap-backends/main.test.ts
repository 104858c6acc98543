import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import { vector } from "@electric-sql/pglite-pgvector"
import { PgVectorStore } from "@keepsake/backend-pgvector"
import { expect, it } from "vitest"
import { startQdrant } from "../../scripts/qdrant.ts"
import { compare } from "./compare.ts"

it("gives the same answers from a file, PostgreSQL and Qdrant", async () => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-swap-"))
  const pglite = await PGlite.create({ extensions: { vector } })
  const qdrant = await startQdrant()
  try {
    for (const embedder of ["none", "lexical"]) {
      const { same, table } = await compare([
        { name: "memory", store: "memory:", embedder },
        { name: "file", store: `file:${join(folder, `${embedder}.db`)}`, embedder },
        { name: "pglite", store: PgVectorStore.layer({ pglite, schema: `swap_${embedder}` }), embedder },
        {
          name: "qdrant",
          store: { backend: "qdrant", url: qdrant.url, collection: `swap-${embedder}` },
          embedder
        }
      ])
      expect({ same, table }).toMatchObject({
        same: true,
        table: expect.stringContaining("The carrier API") as string
      })
    }
  } finally {
    await qdrant.stop()
    await pglite.close()
    await rm(folder, { recursive: true, force: true })
  }
})
