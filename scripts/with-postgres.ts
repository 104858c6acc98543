/**
 * `node scripts/with-postgres.ts <command…>` runs a command with `KEEPSAKE_PG_URL`. If it is not set, starts a
 * private server for as long as the command runs.
 */
import { readCommand } from "./readCommand.ts"
import { startPostgres } from "./postgres.ts"

const run = readCommand("scripts/with-postgres.ts")

const url = process.env["KEEPSAKE_PG_URL"]
if (url !== undefined && url !== "") {
  console.error(`PostgreSQL: the server of KEEPSAKE_PG_URL (${new URL(url).host})`)
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
