/**
 * `node scripts/with-qdrant.ts <command…>` runs a command with `KEEPSAKE_QDRANT_URL` set: to the server it is
 * given (`KEEPSAKE_QDRANT_API_KEY` with it), else to the tests' stand-in, which lives as long as the command.
 */
import { givenCommand } from "./givenCommand.ts"
import { startQdrant } from "./qdrant.ts"

const run = givenCommand("scripts/with-qdrant.ts")

const server = await startQdrant()
console.error(`Qdrant: ${server.what}`)
try {
  process.exitCode = await run({ KEEPSAKE_QDRANT_URL: server.url })
} finally {
  await server.stop()
}
