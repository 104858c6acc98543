/**
 * Makes `packages/<backend>/test/fixtures/first-version` with the first version's own code: checks out its commit,
 * installs there and runs `scripts/first-version`. `node scripts/make-fixtures.ts [COMMIT]`. Needs g++, make and
 * python3, for the graph.
 */
import { execFileSync } from "node:child_process"
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { FIRST_VERSION } from "./first-version/commit.ts"

const root = resolve(import.meta.dirname, "..")
const [commit = FIRST_VERSION] = process.argv.slice(2)
const workplace = mkdtempSync(join(tmpdir(), "keepsake-fixtures-"))
const checkout = join(workplace, "checkout")
const output = join(workplace, "output")
/** The program runs from a folder of the benchmark, which depends on every package that the program imports. */
const program = join(checkout, "examples", "benchmark", "first-version")

const run = (command: string, args: ReadonlyArray<string>, cwd = checkout): void => {
  execFileSync(command, args, { cwd, stdio: "inherit" })
}

run("git", ["worktree", "add", "--detach", checkout, commit], root)
try {
  run("pnpm", ["install", "--frozen-lockfile", "--prefer-offline"])
  run("pnpm", ["exec", "node", "scripts/build-hnswlib.ts"])
  cpSync(join(root, "scripts", "first-version"), program, { recursive: true })
  run("pnpm", ["exec", "tsc", "-p", "tsconfig.check.json"])
  run("pnpm", ["exec", "node", join(program, "main.ts"), output, commit])
  for (const backend of readdirSync(output)) {
    const fixtures = join(root, "packages", backend, "test", "fixtures", "first-version")
    rmSync(fixtures, { recursive: true, force: true })
    cpSync(join(output, backend), fixtures, { recursive: true })
  }
} finally {
  run("git", ["worktree", "remove", "--force", checkout], root)
  rmSync(workplace, { recursive: true, force: true })
}
