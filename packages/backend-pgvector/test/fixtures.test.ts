import { PgVectorStore } from "@keepsake/backend-pgvector"
import { Effect, Redacted } from "effect"
import { join } from "node:path"
import { describe, it } from "vitest"
import { firstVersionTests } from "../../core/test/support/firstVersion.ts"
import { fixtureScript, formatQuery } from "./support/restoreFixture.ts"
import {
  freshSchema,
  NO_SERVER,
  serverSchema,
  serverUrl,
  sharedPGlite,
  requireServerUrl,
  withClient
} from "./support/servers.ts"

const folder = join(import.meta.dirname, "fixtures", "first-version")

interface FormatRow {
  readonly format: unknown
}

firstVersionTests("pgvector on PGlite", folder, (files) =>
  Effect.promise(async () => {
    const pglite = await sharedPGlite()
    const schema = freshSchema()
    await pglite.exec(fixtureScript(files, schema))
    const { rows } = await pglite.query<FormatRow>(formatQuery(schema))
    return { layer: PgVectorStore.layer({ pglite, schema }), format: rows[0]?.format }
  })
)

if (serverUrl === undefined) {
  describe("pgvector on a server, of the first version", () => {
    it.skip(`opens (${NO_SERVER})`)
  })
} else {
  firstVersionTests("pgvector on a server", folder, (files) =>
    Effect.flatMap(serverSchema, (schema) =>
      Effect.promise(async () => {
        const url = requireServerUrl()
        const format = await withClient(Redacted.value(url), async (client) => {
          await client.query(fixtureScript(files, schema))
          const { rows } = await client.query<FormatRow>(formatQuery(schema))
          return rows[0]?.format
        })
        return { layer: PgVectorStore.layer({ url, schema, poolSize: 4 }), format }
      })
    )
  )
}
