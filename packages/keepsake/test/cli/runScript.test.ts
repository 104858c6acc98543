import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, expect, it } from "vitest"
import { HASH_LENGTH } from "../../src/cli/runScript.ts"

const MODULE = new URL("../../src/cli/runScript.ts", import.meta.url).href

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "keepsake-script-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const writeScript = (hash: string): void => {
  const body = `const { join } = require("node:path"); exports.run = async (name) => {
    const { EOL } = await importModule("node:os")
    process.stdout.write(join(name, resolveModule("node:fs")) + EOL)
  }`
  const parameters = "exports,require,__filename,importModule,resolveModule"
  writeFileSync(join(folder, "script.cjs"), `/*${hash}*/(function(${parameters}){${body}})`)
}

/** Runs the script in a process of its own, and lists what is kept of it. */
const run = (kept: string): ReadonlyArray<string> => {
  const script = pathToFileURL(join(folder, "script.cjs")).href
  const program = `import { runScript } from "${MODULE}"; await runScript(new URL("${script}"), ${kept}, "recall").run("a")`
  const { stderr, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8"
  })
  expect({ stdout: stdout.trim(), stderr: stderr.replaceAll(/.*Warning.*\n/gu, "") }).toEqual({
    stdout: join("a", "node:fs"),
    stderr: ""
  })
  return readdirSync(folder).filter((name) => name !== "script.cjs")
}

it("keeps compiled code, reads it again, and replaces what is damaged or of another version", () => {
  const kept = JSON.stringify(folder)
  writeScript("a".repeat(HASH_LENGTH))
  expect(run("null")).toEqual([])
  const [file = "", ...others] = run(kept)
  expect(others).toEqual([])
  const path = join(folder, file)
  const written = readFileSync(path)
  // A file that is believed stays as it is.
  run(kept)
  expect(readFileSync(path).equals(written)).toBe(true)
  const damaged = Buffer.from(written)
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 0xff
  writeFileSync(path, damaged)
  run(kept)
  expect(readFileSync(path).equals(damaged)).toBe(false)
  writeScript("b".repeat(HASH_LENGTH))
  expect(run(kept)).toEqual([file.replace("a".repeat(HASH_LENGTH), "b".repeat(HASH_LENGTH))])
})
