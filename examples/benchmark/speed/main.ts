/**
 * `pnpm bench` measures speed against baselines. Prints a table and writes bench-results/speed.json, speed.svg and
 * speed.html.
 *
 *     pnpm bench                       everything: about half an hour, longer the first time
 *     pnpm bench --quick               smaller sizes and fewer rounds, to check that everything runs
 *     pnpm bench --only pgvector --million   a million memories of 20,000 users in PostgreSQL
 *     pnpm bench --only mem0,channel   some sections; the others keep the rows of the last run
 *     pnpm bench --soak 10             also ten minutes of mixed traffic
 *     pnpm bench --soak 10 --faults    ten minutes in which the embedder, the pool and the process fail now and then
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
    million: { type: "boolean", default: false },
    soak: { type: "string" },
    faults: { type: "boolean", default: false }
  }
})

const sectionNames = [...Object.keys(SECTIONS), "soak", "faults"]
/** A run with faults measures nothing else. */
const requested = flags.faults ? ["faults"] : (flags.only?.split(",") ?? Object.keys(SECTIONS))
const minutes = flags.soak === undefined ? null : Number(flags.soak)
if (requested.some((name) => !sectionNames.includes(name)) || (minutes !== null && !(minutes > 0))) {
  process.stderr.write(`--only takes ${sectionNames.join(", ")}; --soak takes minutes above 0.\n`)
  process.exit(1)
}

const readCommit = (): string => {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: workspaceFolder,
      encoding: "utf8"
    }).trim()
  } catch {
    return "at an unknown commit"
  }
}

const measure = async (name: string): Promise<ReadonlyArray<Row>> => {
  process.stderr.write(`measuring ${name} …\n`)
  try {
    const soak = { soak: "soak.ts", faults: "soakFaults.ts" }[name]
    return soak !== undefined
      ? await ownProcess(new URL(soak, import.meta.url), String(minutes ?? 10))
      : await ownProcess(
          new URL("section.ts", import.meta.url),
          name,
          flags.quick ? "quick" : flags.million ? "million" : "full"
        )
  } catch (error) {
    const note = `the section failed: ${String(error)}; run it alone with --only ${name}`
    return [unmeasured({ name, unit: "", against: "", bar: "", note })]
  }
}

const file = join(resultsFolder, flags.quick ? "speed-quick.json" : "speed.json")
const start = environment(readCommit())
const sections =
  minutes !== null && !flags.faults && !requested.includes("soak") ? [...requested, "soak"] : requested
const newRows = new Map<string, ReadonlyArray<Row>>()
for (const name of sections) newRows.set(name, await measure(name))

// Reads the file after measuring, to keep the sections that another run measured meanwhile.
const earlier: Results | null =
  (flags.only !== undefined || flags.faults) && existsSync(file)
    ? (JSON.parse(await readFile(file, "utf8")) as Results)
    : null

const rows = sectionNames.flatMap((name) => {
  const measured = newRows.get(name)
  return measured === undefined
    ? (earlier?.rows.filter((row) => row.section === name) ?? [])
    : measured.map((row) => ({ ...row, section: name }))
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
// What is lost or late is a failure, not a figure.
if (newRows.get("faults")?.every(({ holds }) => holds === true) === false) process.exitCode = 1
