import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { cleanEnv, keepsake, temporaryFolder } from "../support/runKeepsake.ts"

it.skipIf(process.platform === "win32")(
  "an export is for the account alone, and follows no planted link",
  async () => {
    await using home = await temporaryFolder()
    const folder = join(home.path, "out")
    const victim = join(home.path, "victim")
    const out = join(folder, "mine.jsonl")
    await mkdir(folder)
    await writeFile(victim, "the victim's text")
    await chmod(victim, 0o644)
    for (const name of ["mine.jsonl.partial", "mine.jsonl"]) await symlink(victim, join(folder, name))
    const store = ["--store", "file:./memory.db"]
    await keepsake(home.path, ["remember", "Ana ships on Fridays", ...store])
    expect(await keepsake(home.path, ["export", "--out", out, ...store])).toMatchObject({ code: 0 })
    expect(await readFile(victim, "utf8")).toBe("the victim's text")
    expect(await readFile(out, "utf8")).toContain("Fridays")
    expect((await stat(out)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(["mine.jsonl"])
  }
)

const WRITER = fileURLToPath(new URL("../support/killedWriter.ts", import.meta.url))

const startWriter = async (home: string, path: string) => {
  const writer = spawn(process.execPath, [WRITER, path], { env: cleanEnv(home) })
  await once(writer.stdout, "data")
  return writer
}

it("a forget removes what a killed export left, and not what one is writing", async () => {
  await using home = await temporaryFolder()
  const [left, written] = [join(home.path, "left.jsonl.partial"), join(home.path, "written.jsonl.partial")]
  const store = ["--store", "file:./memory.db"]
  await keepsake(home.path, ["remember", "Ana ships on Fridays", ...store])
  const [killed, living] = [await startWriter(home.path, left), await startWriter(home.path, written)]
  try {
    killed.kill("SIGKILL")
    await once(killed, "exit")
    const counted = await keepsake(home.path, ["forget", "--all", "--dry-run", ...store])
    expect(counted).toMatchObject({ code: 0 })
    expect(existsSync(left)).toBe(true)
    const forgotten = await keepsake(home.path, ["forget", "--all", "--yes", "--json", ...store])
    expect(JSON.parse(forgotten.out)).toMatchObject({ removed: 1, halfWritten: [left] })
    expect([existsSync(left), existsSync(written)]).toEqual([false, true])
  } finally {
    living.kill("SIGKILL")
  }
})
