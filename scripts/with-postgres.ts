/**
 * `node scripts/with-postgres.ts <command…>` runs a command with `KEEPSAKE_PG_URL` set: to the server it is
 * given, else to a private one that lives as long as the command.
 */
import { givenCommand } from "./givenCommand.ts"
import { startPostgres } from "./postgres.ts"

const run = givenCommand("scripts/with-postgres.ts")

const given = process.env["KEEPSAKE_PG_URL"]
if (given !== undefined && given !== "") {
  console.error(`PostgreSQL: the server of KEEPSAKE_PG_URL (${new URL(given).host})`)
  process.exitCode = await run({})
} else {
  const server = await startPostgres()
  console.error(`PostgreSQL: a private server (${server.versions}) at ${new URL(server.url).host}`)
  try {
    process.exitCode = await run({ KEEPSAKE_PG_URL: server.url, KEEPSAKE_PG_PRIVATE: "1" })
  } finally {
    await server.stop()
  }
}
