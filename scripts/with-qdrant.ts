/**
 * `node scripts/with-qdrant.ts <command…>` runs a command with `KEEPSAKE_QDRANT_URL` set: to the server it is
 * given (`KEEPSAKE_QDRANT_API_KEY` with it), else to the tests' stand-in, which lives as long as the command.
 */
import { spawn } from "node:child_process"
import { startQdrant } from "./qdrant.ts"

const [command, ...args] = process.argv.slice(2)
if (command === undefined) {
  console.error("Usage: node scripts/with-qdrant.ts <command…>")
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

const server = await startQdrant()
console.error(`Qdrant: ${server.what}`)
try {
  process.exitCode = await run({ KEEPSAKE_QDRANT_URL: server.url })
} finally {
  await server.stop()
}
