/** `docs/pgvector.md` prints the SQL of the migrations. */
import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { makeIdentifiers } from "../src/schema/identifiers.ts"
import { laterIndexes, toConcurrentIndex } from "../src/schema/laterIndexes.ts"
import { MIGRATIONS, migrationsTable, rowLevelSecurity } from "../src/schema/schema.ts"
import { scopeIndexes } from "../src/tuning/scopeIndexes.ts"
import { layoutOf } from "./support/servers.ts"

const PAGE = new URL("../../../docs/pgvector.md", import.meta.url)
const names = makeIdentifiers("keepsake", "")
const space = { number: 1, dimensions: 384, vectorType: "vector", extension: "public" } as const
const SCOPE = "00000000-0000-0000-0000-000000000000"

const block = (title: string, commands: ReadonlyArray<string>): string =>
  `### ${title}\n\n\`\`\`sql\n${commands.map((command) => `${command};`).join("\n\n")}\n\`\`\`\n`

/** The commands of one table, and the names of all tables that get the same. */
const securityCommands = rowLevelSecurity(
  names,
  MIGRATIONS.flatMap(({ scopedTables }) => scopedTables)
)
const securedTables = securityCommands.flatMap(
  (command) => /^alter table "keepsake"\."(\w+)"/u.exec(command)?.[1] ?? []
)
const [firstTable = "", ...otherTables] = securedTables
const commandsOfFirst = securityCommands.filter((command) => command.includes(`"${firstTable}"`))

const printed = [
  block("0: the list of migrations", [`create schema if not exists ${names.schema}`, migrationsTable(names)]),
  ...MIGRATIONS.map(({ name, up, version }) => block(`${version}: ${name}`, up(names, space))),
  block(
    "Afterwards, beside reads and writes",
    laterIndexes(names).map((index) => toConcurrentIndex(index).create)
  ),
  block("With `rowLevelSecurity: true`", commandsOfFirst),
  `The same on ${otherTables.map((table) => `\`${table}\``).join(", ")}.\n`,
  block(
    "`tuneScope`, for each large scope, here of 100,000 short texts",
    scopeIndexes(layoutOf("keepsake", 384), SCOPE, { memories: 316, passages: 1 }).map(
      (index) => index.create
    )
  )
].join("\n")

describe("docs/pgvector.md", () => {
  it("prints the row-level security of one table, which is that of each", () => {
    const expected = securedTables.flatMap((table) =>
      commandsOfFirst.map((command) => command.replaceAll(`"${firstTable}"`, `"${table}"`))
    )
    assert.deepStrictEqual(securityCommands, expected)
    assert.isAbove(otherTables.length, 0)
  })

  it("prints the SQL of the migrations (KEEPSAKE_UPDATE_DOCS=1 writes it)", () => {
    const page = readFileSync(PAGE, "utf8")
    const parts = /^(.*<!-- migrations:[^\n]*-->\n)(.*)(<!-- end of migrations -->.*)$/su.exec(page)
    const [, before = "", , after = ""] = parts ?? []
    const expected = `${before}\n${printed}\n${after}`
    if (process.env["KEEPSAKE_UPDATE_DOCS"] === "1") writeFileSync(PAGE, expected)
    else assert.strictEqual(page, expected)
  })
})
