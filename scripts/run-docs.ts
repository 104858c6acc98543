/**
 * Runs the programs of README.md and of docs/cookbook.md: each document's in order, in one folder, twice, as a reader
 * does who tries everything and comes back. A `text` block right after a program is what it prints, each time.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { linkPackages } from "./linkPackages.ts"
import { type Block, readBlocks } from "./markdown.ts"
import { ROOT, run } from "./pack.ts"

const DOCUMENTS = ["README.md", "docs/cookbook.md"]
const TIMES = 2

/** Between a program and what it prints there is nothing else. */
const findOutput = (blocks: ReadonlyArray<Block>, at: number): string | undefined => {
  const [program, next] = [blocks[at], blocks[at + 1]]
  if (program === undefined || next?.info !== "text") return undefined
  return next.line - program.line - program.text.split("\n").length <= 3 ? next.text : undefined
}

let ran = 0
const problems: Array<string> = []
for (const file of DOCUMENTS) {
  const blocks = readBlocks(file, await readFile(join(ROOT, file), "utf8"))
  const folder = await mkdtemp(join(tmpdir(), "keepsake-docs-"))
  try {
    await linkPackages(folder)
    for (let time = 1; time <= TIMES; time++) {
      for (const [at, { info, line, text }] of blocks.entries()) {
        if (info !== "ts") continue
        const where = `${file}:${line}, run ${time}`
        const program = join(folder, `program${line}.mts`)
        await writeFile(program, text)
        ran++
        try {
          const printed = await run(process.execPath, [program], { cwd: folder })
          const expected = findOutput(blocks, at)
          if (expected !== undefined && printed.trim() !== expected.trim())
            problems.push(`${where} prints\n${printed.trim()}\ninstead of\n${expected}`)
        } catch (error) {
          problems.push(`${where}: ${(error as Error).message}`)
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
for (const problem of problems) console.error(problem)
console.log(`${DOCUMENTS.join(" and ")}: ${ran} runs of programs, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
