/** What a program of its own sees of the process: its end, and its output. */
import { DatabaseSync } from "node:sqlite"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { cleanEnv, type RunResult, temporaryFolder } from "./support/runKeepsake.ts"

const harness = (name: string): string => fileURLToPath(new URL(`./harness/${name}.ts`, import.meta.url))

const runProgram = async (name: string, args: ReadonlyArray<string>, cwd: string): Promise<RunResult> => {
  const limits = { timeout: 100_000, killSignal: "SIGKILL" } as const
  const child = spawn(process.execPath, [harness(name), ...args], { cwd, env: cleanEnv(cwd), ...limits })
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { code, out, err }
}

describe("a program that does not close its memory", () => {
  for (const store of ["memory:", "file:./memory.db"]) {
    it(`ends by itself at once, after a handled error too: ${store}`, async () => {
      await using home = await temporaryFolder()
      const { code, err, out } = await runProgram("leaveOpen", [store], home.path)
      assert.include(out, "handled: query")
      assert.include(out, "the end")
      assert.strictEqual(code, 0, err)
      const heldBy = /held by: (.*)/u.exec(out)?.[1] ?? assert.fail(out)
      assert.notInclude(heldBy, "Timeout")
      if (store === "memory:") return
      const db = new DatabaseSync(join(home.path, "memory.db"), { readOnly: true })
      const counted = db.prepare("SELECT count(*) AS n, sum(access_count) AS accesses FROM memory").get()
      db.close()
      assert.strictEqual(counted?.["n"], 600)
      // The recall was counted on the way out.
      assert.isAbove(Number(counted?.["accesses"]), 0)
    })
  }
})

describe("standard output belongs to the program", () => {
  it("a warning goes to standard error", async () => {
    await using home = await temporaryFolder()
    const { err, out } = await runProgram("failingPurge", [], home.path)
    assert.strictEqual(out, "the program's own line\n")
    assert.include(err, "Expired memories could not be removed")
    assert.include(err, "Another process kept the file locked")
  })

  it("a warning goes to onWarning if the application gives it", async () => {
    await using home = await temporaryFolder()
    const { err, out } = await runProgram("failingPurge", ["onWarning"], home.path)
    assert.include(out, "warning: Expired memories could not be removed; trying again later: ")
    assert.include(out, "Another process kept the file locked")
    assert.notInclude(err, "Expired memories")
  })
})
