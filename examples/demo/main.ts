/**
 * The whole of Keepsake in one run, without a key, a server or a model: a conversation is remembered by one
 * process and recalled by another.
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

/** A process of its own, so that nothing can pass from one session to the next but the file. */
const run = async (file: string): Promise<void> => {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const { stderr, stdout } = await promisify(execFile)(process.execPath, [path, url])
  process.stderr.write(stderr)
  process.stdout.write(stdout)
}

try {
  console.log("Keepsake: an agent's memory, across a restart. Words only: no model, no key, no server.")
  await run("first-session.ts")
  await run("second-session.ts")

  const files = await readdir(folder)
  const bytes = Buffer.concat(await Promise.all(files.map((name) => readFile(join(folder, name)))))
  const { sessions } = await readScript()
  const left = sessions.flatMap(({ turns }) => turns).filter(({ text }) => bytes.includes(text)).length
  console.log(`  in the bytes of ${files.join(", ")}: ${left} of the forgotten turns`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

console.log(heading("What to try next"))
console.log(`  The first program in README.md: fifteen lines, your own memories.
  Find by meaning as well: name an embedder beside the store, as README does.
  The store you already run: "postgres://…" or "qdrant+http://…" for "file:…".
  A Claude agent that remembers: examples/claude-agent.`)
