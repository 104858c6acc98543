/**
 * Runs the commands of `docs/cli.md` in a folder of their own and writes what they print into the document; with
 * `--check`, fails where the document says something else.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../packages/keepsake/src/cli/main.ts", import.meta.url))
const DOCUMENT = fileURLToPath(new URL("../docs/cli.md", import.meta.url))

const BEGIN = "<!-- transcript -->"
const END = "<!-- end of transcript -->"

/** `$OSLO` is the beginning of the id that the first statement gets. */
const COMMANDS: ReadonlyArray<ReadonlyArray<string>> = [
  ["init", "--yes", "--user", "ana"],
  ["remember", "Ana lives in Oslo", "--type", "semantic"],
  ["remember", "The freight contract with Maersk ends in May", "--pin", "--meta", "team=blue"],
  ["remember", "The parking code is 4711", "--ttl-days", "7"],
  ["list"],
  ["list", "--meta", "team=blue", "--json"],
  ["recall", "when does the freight contract end?"],
  ["context", "Where do I live?"],
  ["get", "$OSLO"],
  ["update", "$OSLO", "--importance", "0.9"],
  ["supersede", "$OSLO", "Ana lives in Bergen"],
  ["list", "--closed", "--newest", "--type", "semantic"],
  ["stats"],
  ["export", "--out", "ana.jsonl"],
  ["import", "ana.jsonl", "--dry-run"],
  ["import", "CLAUDE.md"],
  ["copy", "--from", "file:.keepsake/memory.db", "--to", "file:./copy.db"],
  ["reembed", "--to", "lexical", "--store", "file:./copy.db"],
  ["trust"],
  ["trust", "--yes"],
  ["doctor"],
  ["forget", "--meta", "team=blue", "--dry-run"],
  ["forget", "--all", "--yes"],
  ["recal", "x"]
]

const CLAUDE_MD =
  "# Project\n\n## Testing\n\n- Run the tests before each commit.\n- Fix a flaky test; never retry it.\n"
const PROJECT = '{"embedder":"https://embed.example/v1#bge-m3","store":"memory:"}\n'

/** What differs from run to run is shown as an example. */
const settle = (text: string, home: string): string =>
  text
    .replaceAll(home, "~")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/gu, "2026-01-31T12:00:00Z")
    .replaceAll(/\d{4}-\d\d-\d\d(?!T)/gu, "2026-01-31")
    .replaceAll(/\b1\d{12}\b/gu, "1769860800000")
    .replaceAll(/^(ok {4}node +)\S+$/gmu, "$124.21.0")
    .replaceAll(/\d+ MiB free/gu, "51200 MiB free")

const quote = (argument: string): string => (/[\s?']/u.test(argument) ? `"${argument}"` : argument)

const run = (home: string, args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, [MAIN, ...args], {
    cwd: home,
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      HOME: home,
      NO_COLOR: "1"
    }
  })

const transcribe = (): string => {
  const home = mkdtempSync(join(tmpdir(), "keepsake-transcript-"))
  try {
    writeFileSync(join(home, "CLAUDE.md"), CLAUDE_MD)
    let oslo = ""
    return COMMANDS.map((command) => {
      const isAboutTrust = command[0] === "trust"
      if (isAboutTrust) writeFileSync(join(home, "keepsake.json"), PROJECT)
      const args = command.map((argument) => (argument === "$OSLO" ? oslo : argument))
      const { status, stderr, stdout } = run(home, args)
      if (isAboutTrust) rmSync(join(home, "keepsake.json"))
      if (args[1] === "Ana lives in Oslo") oslo = /[0-9a-f]{8}/u.exec(stdout)?.[0] ?? ""
      const printed = settle(`${stderr}${stdout}`.trimEnd(), home)
      const code = status === 0 ? "" : `\n(exit code ${status})`
      return `$ keepsake ${args.map(quote).join(" ")}\n${printed}${code}`
    }).join("\n\n")
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const document = readFileSync(DOCUMENT, "utf8")
const start = document.indexOf(BEGIN) + BEGIN.length
const end = document.indexOf(END)
if (start < BEGIN.length || end < 0) throw new Error(`${DOCUMENT} has no place for the transcript`)
const written = `\n\n\`\`\`text\n${transcribe()}\n\`\`\`\n\n`

/** How long the run took, the widths that follow from it, and scores are no difference. */
const withoutNumbers = (text: string): string =>
  text
    .replaceAll(/\d+ minutes? ago/gu, "just now")
    .replaceAll(/ [01]\.\d\d /gu, " 0.50 ")
    .replaceAll(/\s+/gu, " ")

if (!process.argv.includes("--check")) {
  writeFileSync(DOCUMENT, document.slice(0, start) + written + document.slice(end))
} else if (withoutNumbers(written) !== withoutNumbers(document.slice(start, end))) {
  process.stderr.write("docs/cli.md differs from what the commands print: node scripts/cli-transcript.ts\n")
  process.exitCode = 1
}
