#!/usr/bin/env node
import { isNodeTooOld, NODE_MIN } from "../nodeVersion.ts"

// Other modules load after this check: an old Node would fail on one of them with an obscure error.
if (isNodeTooOld(process.versions.node)) {
  process.stderr.write(
    `keepsake: needs Node ${NODE_MIN} or newer; this is ${process.versions.node}. Install Node 24.\n`
  )
  process.exitCode = 1
} else {
  const { loadRun } = await import("./loadRun.ts")
  const args = process.argv.slice(2)
  const run = await loadRun(args)
  run(args)
}
