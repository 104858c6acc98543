import { spawn } from "node:child_process"
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { LAWS } from "@keepsake/core/testing"

const CLI = fileURLToPath(new URL("../../src/testing/cli.ts", import.meta.url))
const HARNESS = fileURLToPath(new URL("../harness", import.meta.url))

/** Runs the command in a process of its own, with the environment of a shell outside Vitest. */
const conformance = async (args: ReadonlyArray<string>, cli = CLI) => {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: HARNESS,
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      HOME: tmpdir(),
      NO_COLOR: "1"
    }
  })
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { code, out, err }
}

describe("keepsake-conformance", () => {
  it("passes a store that keeps the laws, and names each law", async () => {
    const { code, err, out } = await conformance(["./goodStore.ts"])
    assert.strictEqual(code, 0, out + err)
    for (const law of LAWS) assert.include(out, law)
    assert.include(out, "(excepted: to see an exception)")
    assert.match(out, new RegExp(`Tests +${LAWS.length - 1} passed \\| 1 skipped`))
  })

  it("rejects a store that breaks one, and names the law", async () => {
    const { code, err, out } = await conformance(["./brokenStore.ts"])
    assert.strictEqual(code, 1, out + err)
    assert.match(out + err, /FAIL .*isolation > get under a foreign scope finds and changes nothing/u)
  })

  it("says what a module must export", async () => {
    const { code, err, out } = await conformance(["./layerOnly.ts"])
    assert.strictEqual(code, 1)
    assert.include(out + err, "The module exports a layer.")
  })

  it("says when there is no module, and shows its usage", async () => {
    const missing = await conformance(["./nowhere.ts"])
    assert.strictEqual(missing.code, 1)
    assert.strictEqual(
      missing.err,
      `keepsake-conformance: There is no file ${join(HARNESS, "nowhere.ts")}.\n`
    )
    assert.include((await conformance([])).err, "keepsake-conformance MODULE")
    assert.include((await conformance(["--help"])).out, "keepsake-conformance MODULE")
  })

  it("says what to install where Vitest is missing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keepsake-conformance-"))
    try {
      await copyFile(CLI, join(folder, "cli.ts"))
      await writeFile(join(folder, "package.json"), '{ "type": "module" }')
      const { code, err } = await conformance(["./goodStore.ts"], join(folder, "cli.ts"))
      assert.strictEqual(code, 1)
      assert.include(err, "npm install --save-dev vitest @effect/vitest")
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
