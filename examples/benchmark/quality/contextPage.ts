/**
 * Writes the block of one conversation at four budgets into `docs/context.md`; with `--check`, fails where the page
 * shows another block.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { openMemory } from "@keepsake/keepsake"
import { toStatements } from "./EvaluationSet.ts"
import { readDialogue } from "./readDialogue.ts"

const DOCUMENT = fileURLToPath(new URL("../../../docs/context.md", import.meta.url))
const DIALOGUE = fileURLToPath(new URL("../data/dialogues/glacier-gps-logger.txt", import.meta.url))

const BEGIN = "<!-- blocks -->"
const END = "<!-- end of blocks -->"

const QUESTION = "Why did one die at Finse, which two remedies?"
const BUDGETS = [150, 300, 600, 1_300] as const

/** The first day of the conversation. */
const saidAt = Date.UTC(2023, 10, 14)

const renderBlocks = async (): Promise<string> => {
  await using memory = await openMemory({ store: "memory:", embedder: "none" })
  const user = memory.for({ agentId: "assistant", userId: "glaciologist" })
  await user.rememberMany([
    ...toStatements((await readDialogue(DIALOGUE)).docs),
    {
      content: "Explain with a tiny example before the real code.",
      type: "procedural",
      pinned: true,
      saidAt
    },
    { content: "The loggers stand on 17 stakes of a glacier.", type: "semantic", saidAt }
  ])
  const blocks: Array<string> = []
  for (const budgetTokens of BUDGETS) {
    const { dropped, text, tokens } = await user.context(QUESTION, { budgetTokens })
    // The formatter takes spaces off the ends of lines.
    const settled = text.replaceAll(/(today=")[^"]+/gu, "$12026-01-31").replaceAll(/[ \t]+$/gmu, "")
    blocks.push(
      `## ${budgetTokens.toLocaleString("en")} tokens\n\n${tokens} used, ${dropped} candidates left out.\n\n\`\`\`text\n${settled}\n\`\`\``
    )
  }
  return `\n\n${blocks.join("\n\n")}\n\n`
}

const document = readFileSync(DOCUMENT, "utf8")
const start = document.indexOf(BEGIN) + BEGIN.length
const end = document.indexOf(END)
if (start < BEGIN.length || end < 0) throw new Error(`${DOCUMENT} has no place for the blocks`)
const written = await renderBlocks()

if (!process.argv.includes("--check")) {
  writeFileSync(DOCUMENT, document.slice(0, start) + written + document.slice(end))
} else if (written !== document.slice(start, end)) {
  process.stderr.write(
    "docs/context.md shows other blocks than these: node examples/benchmark/quality/contextPage.ts\n"
  )
  process.exitCode = 1
}
