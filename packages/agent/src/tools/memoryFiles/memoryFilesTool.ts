import { betaMemoryTool, type MemoryToolHandlers } from "@anthropic-ai/sdk/helpers/beta/memory"
import type { BetaRunnableTool } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool"
import type { PromiseMemory } from "@keepsake/core"
import { type FileTree, MemoryFiles, parentOf, resolvePath, ROOT } from "./MemoryFiles.ts"

const LINES_MAX = 999_999
const NUMBER_WIDTH = String(LINES_MAX).length
const LISTED_DEPTH = 2
/** Lines shown to either side of an edit. */
const SNIPPET_RADIUS = 2

const UNITS = ["B", "K", "M", "G"]

const sizeText = (bytes: number): string => {
  let size = bytes
  let unit = 0
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024
  return `${Number.isInteger(size) ? size : size.toFixed(1)}${UNITS[unit]}`
}

const bytesOf = (text: string): number => Buffer.byteLength(text, "utf8")

const numbered = (lines: ReadonlyArray<string>, first: number): string =>
  lines.map((line, i) => `${String(first + i).padStart(NUMBER_WIDTH, " ")}\t${line}`).join("\n")

const isHidden = (name: string): boolean => name.startsWith(".") || name === "node_modules"

/** Everything beneath a folder, in the order of a listing: each folder before what is in it. */
const listing = (
  { files, folders }: FileTree,
  folder: string,
  shown: string,
  depth = 1
): ReadonlyArray<string> => {
  const names = [...files.keys(), ...folders]
    .filter((path) => path !== ROOT && parentOf(path) === folder)
    .map((path) => path.slice(folder.length + 1))
  return names
    .filter((name) => !isHidden(name))
    .sort()
    .flatMap((name) => {
      const path = `${folder}/${name}`
      const file = files.get(path)
      if (file !== undefined) return [`${sizeText(bytesOf(file.text))}\t${shown}/${name}`]
      const inside =
        depth < LISTED_DEPTH ? listing({ files, folders }, path, `${shown}/${name}`, depth + 1) : []
      return [`${sizeText(folderBytes(files, path))}\t${shown}/${name}/`, ...inside]
    })
}

const folderBytes = (files: FileTree["files"], folder: string): number => {
  let bytes = 0
  for (const { path, text } of files.values()) if (path.startsWith(`${folder}/`)) bytes += bytesOf(text)
  return bytes
}

const viewFile = (shown: string, text: string, range: ReadonlyArray<number> | undefined): string => {
  const lines = text.split("\n")
  if (lines.length > LINES_MAX)
    throw new Error(
      `File ${shown} has too many lines (${lines.length}). Maximum is ${LINES_MAX.toLocaleString("en-US")} lines.`
    )
  const [from, to] = range?.length === 2 ? range : [1, -1]
  const first = Math.max(1, from ?? 1)
  const end = to === undefined || to === -1 ? lines.length : to
  return `Here's the content of ${shown} with line numbers:\n${numbered(lines.slice(first - 1, end), first)}`
}

/** The lines (from 1) on which `part` begins. */
const linesWith = (text: string, part: string): ReadonlyArray<number> => {
  if (!part.includes("\n")) return text.split("\n").flatMap((line, i) => (line.includes(part) ? [i + 1] : []))
  const found: Array<number> = []
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1))
    found.push(text.slice(0, at).split("\n").length)
  return found
}

const replaceOnce = (
  shown: string,
  text: string,
  old: string,
  next: string
): { readonly text: string; readonly line: number } => {
  const lines = linesWith(text, old)
  const [line] = lines
  if (line === undefined)
    throw new Error(`No replacement was performed, old_str \`${old}\` did not appear verbatim in ${shown}.`)
  if (lines.length > 1) {
    throw new Error(
      `No replacement was performed. Multiple occurrences of old_str \`${old}\` in lines: ${lines.join(", ")}. Please ensure it is unique`
    )
  }
  return { text: text.replace(old, () => next), line }
}

/** A model that wants to delete text may leave the replacement out. */
const orEmpty = (text: string | undefined): string => text ?? ""

const missing = (shown: string): Error =>
  new Error(`The path ${shown} does not exist. Please provide a valid path.`)

/** What the SDK's own file tool does, over a store. Names in answers are as the model wrote them. */
const handlersOf = (files: MemoryFiles): MemoryToolHandlers => ({
  view: async ({ path, view_range: range }) => {
    const at = resolvePath(path)
    const tree = await files.tree()
    const file = tree.files.get(at)
    if (file !== undefined) return viewFile(path, file.text, range)
    if (!tree.folders.has(at)) throw missing(path)
    const header = `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:`
    return [header, `${sizeText(folderBytes(tree.files, at))}\t${path}`, ...listing(tree, at, path)].join(
      "\n"
    )
  },
  create: async ({ file_text: text, path }) => {
    if (!(await files.create(resolvePath(path), text))) throw new Error(`File ${path} already exists`)
    return `File created successfully at: ${path}`
  },
  str_replace: async ({ new_str: next, old_str: old, path }) => {
    const at = await fileAt(files, path)
    let line = 1
    const text = await files.edit(at, (current) => {
      const replaced = replaceOnce(path, current, old.normalize("NFC"), orEmpty(next))
      line = replaced.line
      return replaced.text
    })
    if (text === undefined) throw missing(path)
    const from = Math.max(0, line - 1 - SNIPPET_RADIUS)
    const snippet = text.split("\n").slice(from, line + SNIPPET_RADIUS)
    return `The memory file has been edited. Here is the snippet showing the change (with line numbers):\n${numbered(snippet, from + 1)}`
  },
  insert: async ({ insert_line: line, insert_text: inserted, path }) => {
    const at = await fileAt(files, path)
    const text = await files.edit(at, (current) => {
      const lines = current.split("\n")
      if (line < 0 || line > lines.length) {
        throw new Error(
          `Invalid \`insert_line\` parameter: ${line}. It should be within the range of lines of the file: [0, ${lines.length}]`
        )
      }
      return lines.toSpliced(line, 0, inserted.replace(/\n$/, "")).join("\n")
    })
    if (text === undefined) throw missing(path)
    return `The file ${path} has been edited.`
  },
  delete: async ({ path }) => {
    const at = resolvePath(path)
    if (at === ROOT) throw new Error("Cannot delete the /memories directory itself")
    if (!(await files.remove(at))) throw new Error(`The path ${path} does not exist`)
    return `Successfully deleted ${path}`
  },
  rename: async ({ new_path: newPath, old_path: oldPath }) => {
    const from = resolvePath(oldPath)
    const to = resolvePath(newPath)
    if (from === ROOT) throw new Error("Cannot rename the /memories directory itself")
    const tree = await files.tree()
    const exists = (path: string) => tree.files.has(path) || tree.folders.has(path)
    if (exists(to)) throw new Error(`The destination ${newPath} already exists`)
    if (!exists(from)) throw new Error(`The path ${oldPath} does not exist`)
    if (to.startsWith(`${from}/`)) throw new Error(`Cannot move ${oldPath} into itself`)
    await files.rename(from, to)
    return `Successfully renamed ${oldPath} to ${newPath}`
  }
})

const fileAt = async (files: MemoryFiles, path: string): Promise<string> => {
  const at = resolvePath(path)
  if (at === ROOT) throw new Error(`The path ${path} is not a file.`)
  if ((await files.read(at)) === undefined && (await files.tree()).folders.has(at))
    throw new Error(`The path ${path} is not a file.`)
  return at
}

/** Anthropic's memory tool (`memory_20250818`) over any store: hand it `client.files({ userId })`. */
export const nativeMemoryTool = (files: PromiseMemory): BetaRunnableTool =>
  betaMemoryTool(handlersOf(new MemoryFiles(files)))
