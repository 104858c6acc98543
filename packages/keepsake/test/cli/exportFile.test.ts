import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, it } from "vitest"
import { keepsake, temporaryFolder } from "../support/runKeepsake.ts"

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
