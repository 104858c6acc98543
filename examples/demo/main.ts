/**
 * Shows Keepsake in one run, without a key, a server or a model: one process remembers a conversation, another
 * recalls it.
 */
import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { heading, readScript } from "./script.ts"

const folder = await mkdtemp(join(tmpdir(), "keepsake-demo-"))
const url = `file:${join(folder, "memory.db")}`

/** Runs a session in a separate process: the two share only the file. */
const run = async (file: string): Promise<void> => {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const { stderr, stdout } = await promisify(execFile)(process.execPath, [path, url])
  process.stderr.write(stderr)
  process.stdout.write(stdout)
}

try {
  console.log(
    "Keepsake: an agent's memory survives a restart. By keyword and by meaning, without a model, a key or a server."
  )
  await run("first-session.ts")
  await run("second-session.ts")

  const files = await readdir(folder)
  const bytes = Buffer.concat(await Promise.all(files.map((name) => readFile(join(folder, name)))))
  const { sessions } = await readScript()
  const turns = sessions.flatMap((session) => session.turns)
  const remaining = turns.filter(({ text }) => bytes.includes(text)).length
  console.log(
    `  The bytes of ${files.join(", ")} contain ${remaining} of the ${turns.length} forgotten turns.`
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}

console.log(heading("Next steps"))
console.log(`  Run the first program of README.md: it remembers your own sentences.
  Add an embedder to search by meaning in other languages too (README.md shows how).
  Use a store you already run: "postgres://…" or "qdrant+http://…" instead of "file:…".
  Chat with a Claude agent that remembers: examples/claude-agent.`)
