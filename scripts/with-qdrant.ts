/**
 * `node scripts/with-qdrant.ts [--cluster] <command…>` runs a command with `KEEPSAKE_QDRANT_URL` (and
 * `KEEPSAKE_QDRANT_API_KEY`), which may name the nodes of a cluster, separated by commas. If it is not set, starts the
 * tests' stand-in for as long as the command runs. With `--cluster` the tests start one of three nodes themselves, and
 * run the long form.
 */
import { readCommand } from "./readCommand.ts"
import { startQdrant } from "./qdrant.ts"

const isCluster = process.argv[2] === "--cluster"
if (isCluster) process.argv.splice(2, 1)
const run = readCommand("scripts/with-qdrant.ts [--cluster]")

if (isCluster) {
  const url = process.env["KEEPSAKE_QDRANT_URL"]
  console.error(`Qdrant: ${url === undefined || url === "" ? "the stand-in of three nodes" : url}`)
  process.exitCode = await run({ KEEPSAKE_CLUSTER: "long" })
} else {
  const server = await startQdrant()
  console.error(`Qdrant: ${server.description}`)
  try {
    process.exitCode = await run({ KEEPSAKE_QDRANT_URL: server.url })
  } finally {
    await server.stop()
  }
}
