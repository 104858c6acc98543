/**
 * `node scripts/with-postgres.ts <command…>` runs a command with `KEEPSAKE_PG_URL` set: to the server it is
 * given, else to a private one that lives as long as the command.
 */
import { spawn } from "node:child_process"
import { startPostgres } from "./postgres.ts"

const [command, ...args] = process.argv.slice(2)
if (command === undefined) {
  console.error("Usage: node scripts/with-postgres.ts <command…>")
  process.exit(2)
}

const run = (env: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((done) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } })
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal))
    child.once("error", (cause) => {
      console.error(`${command}: ${cause.message}`)
      done(127)
    })
    child.once("exit", (code) => done(code ?? 1))
  })

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
