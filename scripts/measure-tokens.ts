/**
 * `node scripts/measure-tokens.ts` counts the tokens of our samples with gpt-tokenizer (o200k_base), installed in
 * `.cache/tokens`, compares them with our estimate, and records the counts for the test.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { estimateTokens } from "../packages/core/src/index.ts"
import { readSamples } from "./tokens/samples.ts"

const TOKENIZER = "gpt-tokenizer@4.0.0"

const folder = fileURLToPath(new URL("../.cache/tokens/", import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}package.json`, "{}")
execFileSync("npm", ["install", "--no-audit", "--no-fund", TOKENIZER], { cwd: folder, stdio: "inherit" })
const { countTokens } = createRequire(`${folder}package.json`)("gpt-tokenizer") as {
  readonly countTokens: (text: string) => number
}

const counts: Record<string, number> = {}
for (const [name, text] of readSamples()) {
  const tokens = countTokens(text)
  counts[name] = tokens
  console.log(
    `${name.padEnd(12)} ${String(tokens).padStart(6)}  ${(estimateTokens(text) / tokens).toFixed(2)}`
  )
}
writeFileSync(new URL("tokens/counts.json", import.meta.url), `${JSON.stringify(counts, null, 2)}\n`)
