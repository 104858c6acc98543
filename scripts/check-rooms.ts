/**
 * Compares each package's sources with the table of rooms in its `src/README.md`: every folder has a row, a
 * folder holds up to 14 files, and a file imports only what its room's row allows. The map in `AGENTS.md` names the
 * same rooms.
 */
import { readdir, readFile } from "node:fs/promises"
import { dirname, join, posix } from "node:path"
import { fileURLToPath } from "node:url"

const FILES_MAX = 14
/** Holds one file per group of laws. */
const UNBOUNDED = new Set(["testing/laws/"])

/** Paths are relative to `src`. A folder ends in a slash; `""` is `src` itself. */
export interface SourceFile {
  readonly path: string
  readonly imports: ReadonlyArray<string>
}

/** A row of the table: a folder or a file directly in `src`, and the rows it may import. */
export type Rooms = ReadonlyMap<string, ReadonlySet<string>>

const codeSpans = (cell: string): ReadonlyArray<string> =>
  Array.from(cell.matchAll(/`([^`]+)`/gu), ([, code = ""]) => code)

/** Rows look like ``| `recall/` | what it holds | `text/` `store/` |``. */
export const readRooms = (markdown: string): Rooms => {
  const rooms = new Map<string, ReadonlySet<string>>()
  for (const line of markdown.split("\n")) {
    const [, name = "", , mayImport = ""] = line.split("|")
    const [room] = codeSpans(name)
    if (room !== undefined) rooms.set(room, new Set(codeSpans(mayImport)))
  }
  return rooms
}

const toFolder = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1)
const toTopFolder = (path: string): string => path.slice(0, path.indexOf("/") + 1)

/** The row that a file belongs to: a file directly in `src` has a row of its own. */
const toRow = (path: string): string => toTopFolder(path) || path

const findImportProblems = ({ imports, path }: SourceFile, rooms: Rooms): ReadonlyArray<string> => {
  const room = toRow(path)
  const allowed = rooms.get(room)
  // An entry or wiring file without a row may import any room, and no room imports it.
  if (allowed === undefined && toTopFolder(path) === "") return []
  return imports
    .filter((target) => toRow(target) !== room && allowed?.has(toRow(target)) !== true)
    .map((target) => `${path} imports ${target}: the row of \`${room}\` does not allow \`${toRow(target)}\``)
}

/** A path of imports that returns to its start; `undefined` if the rows form no cycle. */
const findCycle = (rooms: Rooms): ReadonlyArray<string> | undefined => {
  const done = new Set<string>()
  const walk = (room: string, path: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    if (path.includes(room)) return [...path.slice(path.indexOf(room)), room]
    if (done.has(room)) return undefined
    for (const target of rooms.get(room) ?? []) {
      const cycle = walk(target, [...path, room])
      if (cycle !== undefined) return cycle
    }
    done.add(room)
    return undefined
  }
  for (const room of rooms.keys()) {
    const cycle = walk(room, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** One sentence per problem; empty if the sources keep to their table. */
export const findRoomProblems = (rooms: Rooms, files: ReadonlyArray<SourceFile>): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  for (const { path } of files) counts.set(toFolder(path), (counts.get(toFolder(path)) ?? 0) + 1)
  const cycle = findCycle(rooms)
  return [
    ...Array.from(counts.keys())
      .filter((folder) => folder !== "" && !rooms.has(folder))
      .map((folder) => `${folder} has no row in the table`),
    ...Array.from(rooms.keys())
      .filter(
        (room) => !files.some(({ path }) => (room.endsWith("/") ? path.startsWith(room) : path === room))
      )
      .map((room) => `the table names ${room}, which does not exist`),
    ...Array.from(counts)
      .filter(([folder, count]) => count > FILES_MAX && !UNBOUNDED.has(folder))
      .map(
        ([folder, count]) => `${folder === "" ? "src" : folder} holds ${count} files, more than ${FILES_MAX}`
      ),
    ...files.flatMap((file) => findImportProblems(file, rooms)),
    ...(cycle === undefined ? [] : [`the table allows a cycle: ${cycle.join(" → ")}`])
  ]
}

/** A package's rooms that its row of the map leaves out, and names in that row that are no room. */
export const findMapProblems = (map: Rooms, name: string, rooms: Rooms): ReadonlyArray<string> => {
  const listed = map.get(`packages/${name}`) ?? new Set()
  const folders = Array.from(rooms.keys()).filter((room) => room.endsWith("/"))
  const names = new Set(folders.map((folder) => posix.basename(folder)))
  return [
    ...folders
      .filter((folder) => folder === toTopFolder(folder) && !listed.has(folder.slice(0, -1)))
      .map((folder) => `AGENTS.md does not name ${folder}`),
    ...Array.from(listed)
      .filter((listedName) => !names.has(listedName))
      .map((listedName) => `AGENTS.md names ${listedName}, which is no room`)
  ]
}

/** Matches relative imports, exports and the `new URL("./x.ts", …)` of workers. */
const IMPORT = /(?:\bfrom |\bimport\(|\bimport |\bnew URL\()"(\.{1,2}\/[^"]+\.ts)"/gu

export const readSources = async (src: string): Promise<ReadonlyArray<SourceFile>> => {
  const paths = (await readdir(src, { recursive: true })).filter((path) => path.endsWith(".ts"))
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(src, path), "utf8")
      const imports = Array.from(text.matchAll(IMPORT), ([, target = ""]) =>
        posix.normalize(posix.join(posix.dirname(path), target))
      )
      return { path, imports }
    })
  )
}

if (import.meta.main) {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..")
  const packages = join(root, "packages")
  const map = readRooms(await readFile(join(root, "AGENTS.md"), "utf8"))
  const problems: Array<string> = []
  for (const name of await readdir(packages)) {
    const src = join(packages, name, "src")
    const rooms = readRooms(await readFile(join(src, "README.md"), "utf8"))
    const found = [...findRoomProblems(rooms, await readSources(src)), ...findMapProblems(map, name, rooms)]
    for (const problem of found) problems.push(`${name}: ${problem}`)
  }
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
  else console.log("every import keeps to the table of its rooms")
}
