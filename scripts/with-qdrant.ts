/**
 * `node scripts/with-qdrant.ts <command…>` runs a command with `KEEPSAKE_QDRANT_URL` (and
 * `KEEPSAKE_QDRANT_API_KEY`). If it is not set, starts the tests' stand-in for as long as the command runs.
 */
import { readCommand } from "./readCommand.ts"
import { startQdrant } from "./qdrant.ts"

const run = readCommand("scripts/with-qdrant.ts")

const server = await startQdrant()
console.error(`Qdrant: ${server.description}`)
try {
  process.exitCode = await run({ KEEPSAKE_QDRANT_URL: server.url })
} finally {
  await server.stop()
}
