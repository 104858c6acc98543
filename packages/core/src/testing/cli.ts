#!/usr/bin/env node
/** `keepsake-conformance ./my-store.ts`: runs the laws on the store that a module exports. */
import { existsSync } from "node:fs"
import { basename, dirname, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const USAGE = `keepsake-conformance MODULE

Runs the laws of a store on the store that MODULE exports, and exits with 0 when it keeps them all, else with 1.

MODULE exports (by default, or as \`store\`) an Effect that acquires an empty place and returns the layer over it;
\`options\` beside it are those of \`storeLaws\`. Node strips the types of a .ts module.
`

const RUNNERS = ["vitest", "@effect/vitest"]

const suite = fileURLToPath(
  new URL(
    import.meta.url.endsWith(".ts") ? "./conformanceSuite.ts" : "./conformanceSuite.js",
    import.meta.url
  )
)

/** The optional peers that are not installed. */
const missingRunners = (): ReadonlyArray<string> =>
  RUNNERS.filter((name) => {
    try {
      import.meta.resolve(name)
      return false
    } catch {
      return true
    }
  })

/** What stops the run before it starts. */
const findProblem = (module: string): string | undefined => {
  if (!existsSync(module)) return `There is no file ${module}.`
  const missing = missingRunners()
  return missing.length === 0
    ? undefined
    : `The laws run on Vitest: npm install --save-dev ${missing.join(" ")}`
}

/** Runs the suite; Vitest reports the laws and sets the exit code. */
const runSuite = async (module: string): Promise<void> => {
  const { startVitest } = await import("vitest/node")
  const vitest = await startVitest([], {
    // The project's own Vitest configuration is about its own tests.
    config: false,
    watch: false,
    cache: false,
    dir: dirname(suite),
    include: [basename(suite)],
    exclude: [],
    reporters: ["verbose"],
    env: {
      KEEPSAKE_CONFORMANCE_STORE: pathToFileURL(module).href,
      KEEPSAKE_CONFORMANCE_NAME: basename(module)
    }
  })
  await vitest.close()
}

const main = async ([path, ...rest]: ReadonlyArray<string>): Promise<void> => {
  if (path === "--help" || path === "-h") {
    process.stdout.write(USAGE)
    return
  }
  if (path === undefined || rest.length > 0) {
    process.stderr.write(USAGE)
    process.exitCode = 1
    return
  }
  const module = resolve(path)
  const problem = findProblem(module)
  if (problem === undefined) return runSuite(module)
  process.stderr.write(`keepsake-conformance: ${problem}\n`)
  process.exitCode = 1
}

await main(process.argv.slice(2))
