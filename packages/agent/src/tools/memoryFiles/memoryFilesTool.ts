import { betaMemoryTool, type MemoryToolHandlers } from "@anthropic-ai/sdk/helpers/beta/memory"
import type { BetaRunnableTool } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool"
import type { PromiseMemory } from "@keepsake/core"
import { isWithin, resolvePath, ROOT } from "./filePath.ts"
import { MemoryFiles } from "./MemoryFiles.ts"
import { numberLines, viewFile, viewFolder } from "./viewFiles.ts"

/** Lines shown before and after an edit. */
const SNIPPET_RADIUS = 2

/** The numbers (from 1) of the lines on which `part` begins. */
const findLines = (text: string, part: string): ReadonlyArray<number> => {
  if (!part.includes("\n")) return text.split("\n").flatMap((line, i) => (line.includes(part) ? [i + 1] : []))
  const lines: Array<number> = []
  for (let offset = text.indexOf(part); offset >= 0; offset = text.indexOf(part, offset + 1))
    lines.push(text.slice(0, offset).split("\n").length)
  return lines
}

const replaceOnce = (
  shown: string,
  text: string,
  old: string,
  next: string
): { readonly text: string; readonly line: number } => {
  const lines = findLines(text, old)
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

/** A model may omit the replacement to delete text. */
const orEmpty = (text: string | undefined): string => text ?? ""

const toMissingError = (shown: string): Error =>
  new Error(`The path ${shown} does not exist. Please provide a valid path.`)

/** Does what the SDK's own file tool does, over a store. Answers show paths as the model wrote them. */
const makeHandlers = (files: MemoryFiles): MemoryToolHandlers => ({
  view: async ({ path, view_range: range }) => {
    const resolved = resolvePath(path)
    const tree = await files.tree()
    const file = tree.files.get(resolved)
    if (file !== undefined) return viewFile(path, file.text, range)
    if (!tree.folders.has(resolved)) throw toMissingError(path)
    return viewFolder(tree, resolved, path)
  },
  create: async ({ file_text: text, path }) => {
    // The schema requires it; a model may leave it out all the same.
    if (typeof (text as unknown) !== "string")
      throw new Error("Missing required parameter: file_text. Give the text of the file; it may be empty.")
    if (!(await files.create(resolvePath(path), text))) throw new Error(`File ${path} already exists`)
    return `File created successfully at: ${path}`
  },
  str_replace: async ({ new_str: next, old_str: old, path }) => {
    const resolved = await resolveFile(files, path)
    let line = 1
    const text = await files.edit(resolved, (current) => {
      const replaced = replaceOnce(path, current, old.normalize("NFC"), orEmpty(next))
      line = replaced.line
      return replaced.text
    })
    if (text === undefined) throw toMissingError(path)
    const from = Math.max(0, line - 1 - SNIPPET_RADIUS)
    const snippet = text.split("\n").slice(from, line + SNIPPET_RADIUS)
    return `The memory file has been edited. Here is the snippet showing the change (with line numbers):\n${numberLines(snippet, from + 1)}`
  },
  insert: async ({ insert_line: line, insert_text: inserted, path }) => {
    const resolved = await resolveFile(files, path)
    const text = await files.edit(resolved, (current) => {
      const lines = current.split("\n")
      if (line < 0 || line > lines.length) {
        throw new Error(
          `Invalid \`insert_line\` parameter: ${line}. It should be within the range of lines of the file: [0, ${lines.length}]`
        )
      }
      return lines.toSpliced(line, 0, inserted.replace(/\n$/, "")).join("\n")
    })
    if (text === undefined) throw toMissingError(path)
    return `The file ${path} has been edited.`
  },
  delete: async ({ path }) => {
    const resolved = resolvePath(path)
    if (resolved === ROOT) throw new Error("Cannot delete the /memories directory itself")
    if (!(await files.remove(resolved))) throw new Error(`The path ${path} does not exist`)
    return `Successfully deleted ${path}`
  },
  rename: async ({ new_path: newPath, old_path: oldPath }) => {
    const from = resolvePath(oldPath)
    const to = resolvePath(newPath)
    if (from === ROOT) throw new Error("Cannot rename the /memories directory itself")
    if (await files.exists(to)) throw new Error(`The destination ${newPath} already exists`)
    if (!(await files.exists(from))) throw new Error(`The path ${oldPath} does not exist`)
    if (isWithin(to, from)) throw new Error(`Cannot move ${oldPath} into itself`)
    await files.rename(from, to)
    return `Successfully renamed ${oldPath} to ${newPath}`
  }
})

const resolveFile = async (files: MemoryFiles, path: string): Promise<string> => {
  const resolved = resolvePath(path)
  const isFolder =
    resolved === ROOT ||
    ((await files.read(resolved)) === undefined && (await files.tree()).folders.has(resolved))
  if (isFolder) throw new Error(`The path ${path} is not a file.`)
  return resolved
}

/** Anthropic's memory tool (`memory_20250818`) over any store; pass it `client.files({ userId })`. */
export const nativeMemoryTool = (files: PromiseMemory): BetaRunnableTool =>
  betaMemoryTool(makeHandlers(new MemoryFiles(files)))
