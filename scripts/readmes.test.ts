/** Runs the first program of each package's README in an empty folder. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { messagesServer } from "../packages/agent/src/testing/index.ts"
import { afterAll, expect, it } from "vitest"
import { linkPackages } from "./linkPackages.ts"
import { packageFolders, run } from "./pack.ts"
import { startQdrant } from "./qdrant.ts"

const RECALLED = /^[01]\.\d\d I'm building a SaaS for freight logistics/mu

/** The output of each program. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  agent: /Nothing remembered yet\. Run me again\.\nShip often\./u,
  "backend-hnsw": RECALLED,
  "backend-pgvector": RECALLED,
  "backend-qdrant": RECALLED,
  core: RECALLED,
  keepsake: RECALLED,
  mcp: /^http:\/\/127\.0\.0\.1:\d+\/mcp$/mu
}

const readProgram = async (folder: string): Promise<string> => {
  const program = /```ts\n([\s\S]*?)```/u.exec(await readFile(join(folder, "README.md"), "utf8"))?.[1]
  if (program === undefined) throw new Error(`${folder}/README.md has no ts block`)
  return program
}

/** Runs a program and returns what it printed. */
const runProgram = async (program: string, env: NodeJS.ProcessEnv): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-readme-"))
  try {
    await linkPackages(folder)
    await writeFile(join(folder, "program.mts"), program)
    return await run(process.execPath, ["program.mts"], { cwd: folder, env: { ...process.env, ...env } })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const qdrant = await startQdrant()
afterAll(() => qdrant.stop())

for (const folder of await packageFolders()) {
  const name = basename(folder)
  it(`the program of ${name}'s README runs`, async () => {
    await using claude = await messagesServer(["Ship often."])
    const printed = await runProgram(await readProgram(folder), {
      QDRANT_URL: qdrant.url,
      ANTHROPIC_BASE_URL: claude.url,
      ANTHROPIC_API_KEY: "none"
    })
    expect(printed).toMatch(PRINTED[name] ?? /^$/u)
  })
}
