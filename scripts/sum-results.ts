/**
 * Adds up a folder's JSON reports of vitest and prints the last line of a run. Further arguments name the steps
 * that failed.
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
}

const [folder = "", ...failedSteps] = process.argv.slice(2)
const names = await readdir(folder)
const reports = await Promise.all(
  names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as Report)
)
const sum = (count: (report: Report) => number): number =>
  reports.reduce((total, report) => total + count(report), 0)

const passed = sum((report) => report.numPassedTests)
// A failed step without a failed test (a lint, a build) counts as one.
const failed = Math.max(
  sum((report) => report.numFailedTests),
  failedSteps.length
)
const skipped = sum((report) => report.numPendingTests + report.numTodoTests)
if (failedSteps.length > 0) console.log(`failed steps: ${failedSteps.join(", ")}`)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
