import { isWithin, parentPath, ROOT } from "./filePath.ts"
import type { FileTree } from "./MemoryFiles.ts"

const LINES_MAX = 999_999
const NUMBER_WIDTH = String(LINES_MAX).length
const LISTED_DEPTH = 2
const UNITS = ["B", "K", "M", "G"]

const formatSize = (bytes: number): string => {
  let size = bytes
  let unit = 0
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024
  return `${Number.isInteger(size) ? size : size.toFixed(1)}${UNITS[unit]}`
}

const countBytes = (text: string): number => Buffer.byteLength(text, "utf8")

/** Lines with their numbers, as the SDK's file tool shows them. */
export const numberLines = (lines: ReadonlyArray<string>, first: number): string =>
  lines.map((line, i) => `${String(first + i).padStart(NUMBER_WIDTH, " ")}\t${line}`).join("\n")

const isHidden = (name: string): boolean => name.startsWith(".") || name === "node_modules"

/** What a folder holds, two levels deep: each folder before its entries. */
const listFolder = (
  { files, folders }: FileTree,
  folder: string,
  shown: string,
  depth = 1
): ReadonlyArray<string> => {
  const names = [...files.keys(), ...folders]
    .filter((path) => path !== ROOT && parentPath(path) === folder)
    .map((path) => path.slice(folder.length + 1))
  return names
    .filter((name) => !isHidden(name))
    .sort()
    .flatMap((name) => {
      const path = `${folder}/${name}`
      const file = files.get(path)
      if (file !== undefined) return [`${formatSize(countBytes(file.text))}\t${shown}/${name}`]
      const entries =
        depth < LISTED_DEPTH ? listFolder({ files, folders }, path, `${shown}/${name}`, depth + 1) : []
      return [`${formatSize(countFolderBytes(files, path))}\t${shown}/${name}/`, ...entries]
    })
}

const countFolderBytes = (files: FileTree["files"], folder: string): number => {
  let bytes = 0
  for (const { path, text } of files.values()) if (isWithin(path, folder)) bytes += countBytes(text)
  return bytes
}

/** A file's lines, or those of `range`. `shown` is the path as the model wrote it. */
export const viewFile = (shown: string, text: string, range: ReadonlyArray<number> | undefined): string => {
  const lines = text.split("\n")
  if (lines.length > LINES_MAX)
    throw new Error(
      `File ${shown} has too many lines (${lines.length}). Maximum is ${LINES_MAX.toLocaleString("en-US")} lines.`
    )
  const [from, to] = range?.length === 2 ? range : [1, -1]
  const first = Math.max(1, from ?? 1)
  const end = to === undefined || to === -1 ? lines.length : to
  return `Here's the content of ${shown} with line numbers:\n${numberLines(lines.slice(first - 1, end), first)}`
}

/** A folder's listing. `shown` is the path as the model wrote it. */
export const viewFolder = (tree: FileTree, folder: string, shown: string): string => {
  const header = `Here're the files and directories up to 2 levels deep in ${shown}, excluding hidden items and node_modules:`
  const size = formatSize(countFolderBytes(tree.files, folder))
  return [header, `${size}\t${shown}`, ...listFolder(tree, folder, shown)].join("\n")
}
