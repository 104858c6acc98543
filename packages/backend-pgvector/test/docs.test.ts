/** `docs/pgvector.md` prints the SQL of the migrations. */
import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { makeIdentifiers } from "../src/schema/identifiers.ts"
import { MIGRATIONS, migrationsTable, rowLevelSecurity } from "../src/schema/schema.ts"
import { scopeIndexes } from "../src/tuning/scopeIndexes.ts"

const PAGE = new URL("../../../docs/pgvector.md", import.meta.url)
const names = makeIdentifiers("keepsake", "")
const space = { number: 1, dimensions: 384, vectorType: "vector", extension: "public" } as const
const SCOPE = "00000000-0000-0000-0000-000000000000"

const block = (title: string, commands: ReadonlyArray<string>): string =>
  `### ${title}\n\n\`\`\`sql\n${commands.map((command) => `${command};`).join("\n\n")}\n\`\`\`\n`

const printed = [
  block("0: the list of migrations", [`create schema if not exists ${names.schema}`, migrationsTable(names)]),
  ...MIGRATIONS.map(({ name, up, version }) => block(`${version}: ${name}`, up(names, space))),
  block("With `rowLevelSecurity: true`", rowLevelSecurity(names)),
  block(
    "`tuneScope`, for each heavy scope",
    scopeIndexes({ names, space, vectorOid: 0 }, SCOPE).map((index) => index.create)
  )
].join("\n")

describe("docs/pgvector.md", () => {
  it("prints the SQL of the migrations (KEEPSAKE_UPDATE_DOCS=1 writes it)", () => {
    const page = readFileSync(PAGE, "utf8")
    const parts = /^(.*<!-- migrations:[^\n]*-->\n)(.*)(<!-- end of migrations -->.*)$/su.exec(page)
    const [, before = "", , after = ""] = parts ?? []
    const expected = `${before}\n${printed}\n${after}`
    if (process.env["KEEPSAKE_UPDATE_DOCS"] === "1") writeFileSync(PAGE, expected)
    else assert.strictEqual(page, expected)
  })
})
