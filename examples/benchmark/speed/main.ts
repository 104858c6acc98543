/**
 * `pnpm bench`: is it fast, against what? Prints a table and writes bench-results/speed.json, speed.svg and
 * speed.html.
 *
 *     pnpm bench                       everything: about half an hour, the first time longer
 *     pnpm bench --quick               smaller sizes and fewer rounds: does everything run?
 *     pnpm bench --only mem0,channel   some sections; the others keep the rows of the last run
 *     pnpm bench --soak 10             ten minutes of mixed traffic as well
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { loadavg } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { page, svg } from "./chart.ts"
import { describe, type Environment, environment } from "./environment.ts"
import { ownProcess } from "./ownProcess.ts"
import { resultsFolder, workspaceFolder } from "./paths.ts"
import { type Row, unmeasured } from "./Row.ts"
import { SECTIONS } from "./sections.ts"
import { table } from "./table.ts"

interface Results {
  readonly environment: Environment
  readonly rows: ReadonlyArray<Row & { readonly section: string }>
}

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    soak: { type: "string" }
  }
})

const known = [...Object.keys(SECTIONS), "soak"]
const wanted = flags.only?.split(",") ?? Object.keys(SECTIONS)
const minutes = flags.soak === undefined ? null : Number(flags.soak)
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0 || (minutes !== null && !(minutes > 0))) {
  process.stderr.write(`Sections are ${known.join(", ")}; --soak takes minutes above 0.\n`)
  process.exit(1)
}

const commit = (): string => {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: workspaceFolder,
      encoding: "utf8"
    }).trim()
  } catch {
    return "of an unknown commit"
  }
}

const measured = async (name: string): Promise<ReadonlyArray<Row>> => {
  process.stderr.write(`measuring ${name} …\n`)
  try {
    return name === "soak"
      ? await ownProcess(new URL("soak.ts", import.meta.url), String(minutes ?? 10))
      : await ownProcess(new URL("section.ts", import.meta.url), name, flags.quick ? "quick" : "full")
  } catch (error) {
    const note = `the section failed: ${String(error)}; run it alone with --only ${name}`
    return [unmeasured({ name, unit: "", against: "", bar: "", note })]
  }
}

const file = join(resultsFolder, flags.quick ? "speed-quick.json" : "speed.json")
const start = environment(commit())
const sections = minutes !== null && !wanted.includes("soak") ? [...wanted, "soak"] : wanted
const fresh = new Map<string, ReadonlyArray<Row>>()
for (const name of sections) fresh.set(name, await measured(name))

// Read late, so that sections measured by another run meanwhile are kept.
const before: Results | null =
  flags.only !== undefined && existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Results) : null

const rows = known.flatMap((name) => {
  const own = fresh.get(name)
  return own === undefined
    ? (before?.rows.filter((row) => row.section === name) ?? [])
    : own.map((row) => ({ ...row, section: name }))
})
const results: Results = {
  environment: { ...start, load: [start.load[0], loadavg()[0] ?? 0] },
  rows
}

process.stdout.write(`${describe(results.environment)}\n\n${table(rows)}\n`)
await mkdir(resultsFolder, { recursive: true })
await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
await writeFile(file.replace(/json$/u, "svg"), svg(rows, results.environment))
await writeFile(file.replace(/json$/u, "html"), page(rows, results.environment))
process.stdout.write(`\nWritten to ${file}, with .svg and .html beside it.\n`)
