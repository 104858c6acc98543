/**
 * Adds up a folder's JSON reports of vitest and prints the last lines of a run: what failed and why, then one line
 * of counts. Further arguments name the steps that failed.
 */
import { readdir, readFile } from "node:fs/promises"
import { join, relative } from "node:path"

interface TestFile {
  readonly name: string
  /** Why the file itself failed, where it did. */
  readonly message: string
  readonly assertionResults: ReadonlyArray<{
    readonly fullName: string
    readonly status: string
    readonly failureMessages: ReadonlyArray<string>
  }>
}

interface Report {
  readonly testResults: ReadonlyArray<TestFile>
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
for (const file of reports.flatMap((report) => report.testResults)) {
  // Enough of a failure to tell it by the end of a log alone.
  const show = (name: string, why: string): void =>
    console.log(`failed: ${relative(process.cwd(), file.name)}${name}\n${why.slice(0, 2000)}`)
  if (file.message !== "" && file.assertionResults.length === 0) show("", file.message)
  for (const test of file.assertionResults) {
    if (test.status === "failed") show(` > ${test.fullName}`, test.failureMessages.join("\n"))
  }
}
if (failedSteps.length > 0) console.log(`failed steps: ${failedSteps.join(", ")}`)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
