#!/usr/bin/env node
import { isNodeTooOld, NODE_LEAST } from "../nodeVersion.ts"

// Everything else is loaded after this: on an old Node it would end in an error about a module nobody named.
if (isNodeTooOld(process.versions.node)) {
  process.stderr.write(
    `keepsake: needs Node ${NODE_LEAST} or newer; this is ${process.versions.node}. Install Node 24.\n`
  )
  process.exitCode = 1
} else {
  const { run } = await import("./run.ts")
  run(process.argv.slice(2))
}
