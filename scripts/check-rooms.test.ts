import { describe, expect, it } from "vitest"
import { findMapProblems, findRoomProblems, readRooms, readSources } from "./check-rooms.ts"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const rooms = readRooms(`
| room | holds | may import |
| --- | --- | --- |
| \`memory/\` | plain data | – |
| \`text/\` | words | \`memory/\` |
| \`text/dates/\` | days | |
| \`options.ts\` | leaf | – |
`)

const allowed = [
  { path: "index.ts", imports: ["text/tokenise.ts", "options.ts"] },
  { path: "options.ts", imports: [] },
  { path: "memory/Memory.ts", imports: [] },
  { path: "text/tokenise.ts", imports: ["memory/Memory.ts", "text/dates/day.ts"] },
  { path: "text/dates/day.ts", imports: ["text/tokenise.ts", "memory/Memory.ts"] }
]

describe("check-rooms", () => {
  it("accepts sources that keep to their table", () => {
    expect(findRoomProblems(rooms, allowed)).toEqual([])
  })

  it("refuses a map that leaves out a room, and one that names none", () => {
    const map = readRooms("| `packages/mine` | it | `memory` (`dates`) `words` |")
    expect(findMapProblems(map, "mine", rooms)).toEqual([
      "AGENTS.md does not name text/",
      "AGENTS.md names words, which is no room"
    ])
  })

  it("refuses an import that the room's row does not allow", () => {
    const files = [...allowed, { path: "memory/Scope.ts", imports: ["text/tokenise.ts"] }]
    expect(findRoomProblems(rooms, files)).toEqual([
      "memory/Scope.ts imports text/tokenise.ts: the row of `memory/` does not allow `text/`"
    ])
  })

  it("refuses a leaf that imports a room, and a room that imports an entry", () => {
    const files = [
      ...allowed.filter(({ path }) => path !== "options.ts"),
      { path: "options.ts", imports: ["memory/Memory.ts"] },
      { path: "text/words.ts", imports: ["index.ts"] }
    ]
    expect(findRoomProblems(rooms, files)).toHaveLength(2)
  })

  it("refuses a folder without a row, and a row without a folder", () => {
    const files = [
      ...allowed.filter(({ path }) => !path.startsWith("text/dates/")),
      { path: "new/x.ts", imports: [] }
    ]
    expect(findRoomProblems(rooms, files)).toEqual([
      "new/ has no row in the table",
      "the table names text/dates/, which does not exist"
    ])
  })

  it("refuses a fifteenth file", () => {
    const files = Array.from({ length: 14 }, (_, i) => ({ path: `memory/File${i}.ts`, imports: [] }))
    expect(findRoomProblems(rooms, [...allowed, ...files])).toEqual(["memory/ holds 15 files, more than 14"])
  })

  it("refuses a table that allows a cycle", () => {
    const cyclic = new Map([...rooms, ["memory/", new Set(["text/"])]])
    expect(findRoomProblems(cyclic, allowed)).toEqual(["the table allows a cycle: memory/ → text/ → memory/"])
  })

  it("finds the imports of a file: values, types, re-exports, dynamic ones and workers", async () => {
    const src = await mkdtemp(join(tmpdir(), "rooms-"))
    await mkdir(join(src, "a/b"), { recursive: true })
    await writeFile(
      join(src, "a/b/file.ts"),
      [
        `import { x } from "../x.ts"`,
        `import type { Y } from "../../c/y.ts"`,
        `export * from "./z.ts"`,
        `import "../../side.ts"`,
        `const later = import("../../d/later.ts")`,
        `const worker = new URL("./worker.ts", import.meta.url)`,
        `import { readFile } from "node:fs/promises"`
      ].join("\n")
    )
    expect(await readSources(src)).toEqual([
      {
        path: "a/b/file.ts",
        imports: ["a/x.ts", "c/y.ts", "a/b/z.ts", "side.ts", "d/later.ts", "a/b/worker.ts"]
      }
    ])
    await rm(src, { recursive: true })
  })
})
