import { type Memory, MemoryError, type PromiseMemory } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"

/** A file as it stands. */
export interface StoredFile {
  readonly path: string
  readonly text: string
  /** The memory that holds it. */
  readonly id: string
  /** Counts the edits; two editors of one version cannot both win. */
  readonly version: number
}

/** Files and folders, as paths from the root: `/memories/notes/a.md`. */
export interface FileTree {
  readonly files: ReadonlyMap<string, StoredFile>
  /** Without a slash at the end; the root is always among them. */
  readonly folders: ReadonlySet<string>
}

export const ROOT = "/memories"

const EDIT_TRIES = 8
const PAGE = 1_000
/** Longest path; the store's keys hold it with its version. */
const PATH_MAX = 400

/** The first line is the path: a memory is never blank, a file may be. */
const contentOf = (path: string, text: string): string => `${path}\n${text}`
const pathIn = ({ path }: Memory["metadata"]): string => (typeof path === "string" ? path : "")
const textIn = (content: string): string => content.slice(content.indexOf("\n") + 1)

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"))

const isConflict = (error: unknown): boolean =>
  error instanceof MemoryError && error.reason._tag === "Conflict"

/** The absolute path without `.`, `..` and doubled slashes. Throws for whatever would leave `/memories`. */
export const resolvePath = (path: string): string => {
  const isInside = typeof path === "string" && (path === ROOT || path.startsWith(`${ROOT}/`))
  if (!isInside) throw new Error(`Path must start with ${ROOT}, got: ${path}`)
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(path)) throw new Error("Path must not hold control characters")
  const parts: Array<string> = []
  for (const part of path.slice(ROOT.length).split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") parts.push(part)
    else if (parts.pop() === undefined) throw new Error(`Path ${path} would escape ${ROOT} directory`)
  }
  const resolved = [ROOT, ...parts].join("/")
  if (resolved.length > PATH_MAX) throw new Error(`Path is longer than ${PATH_MAX} characters`)
  return resolved
}

/**
 * Files kept in a memory scope of their own. Each version of a file is a memory under the key of its path
 * and number: content never changes in place, and of two concurrent edits of one version the store lets
 * one through; the other is made again on what the first one left.
 */
export class MemoryFiles {
  readonly #memory: PromiseMemory

  constructor(memory: PromiseMemory) {
    this.#memory = memory
  }

  async #rows(metadata?: { readonly path: string }): Promise<ReadonlyArray<Memory>> {
    const rows: Array<Memory> = []
    for (let after: Parameters<PromiseMemory["list"]>[0] = {}; ;) {
      const page = await this.#memory.list({
        ...after,
        limit: PAGE,
        ...(metadata === undefined ? {} : { filter: { metadata } })
      })
      rows.push(...page.rows)
      if (page.next === null) return rows
      after = { after: page.next }
    }
  }

  /** The newest version of each file: an edit that was interrupted may have left the one before. */
  static #tree(rows: ReadonlyArray<Memory>): FileTree {
    const files = new Map<string, StoredFile>()
    const folders = new Set([ROOT])
    for (const { content, id, metadata } of rows) {
      const path = pathIn(metadata)
      if (metadata.kind === "folder") {
        folders.add(path)
        continue
      }
      const version = Number(metadata.version)
      if (version > (files.get(path)?.version ?? 0))
        files.set(path, { path, id, version, text: textIn(content) })
    }
    return { files, folders }
  }

  async tree(): Promise<FileTree> {
    return MemoryFiles.#tree(await this.#rows())
  }

  /** `undefined` when there is no such file. */
  async read(path: string): Promise<StoredFile | undefined> {
    return MemoryFiles.#tree(await this.#rows({ path })).files.get(path)
  }

  async #makeFolders(path: string): Promise<void> {
    const missing: Array<string> = []
    for (let folder = path; folder !== ROOT; folder = parentOf(folder)) missing.unshift(folder)
    if (missing.length === 0) return
    const { files } = await this.tree()
    const blocking = missing.find((folder) => files.has(folder))
    if (blocking !== undefined) throw new Error(`${blocking} is a file, not a directory`)
    await this.#memory.rememberMany(
      missing.map((folder) => ({
        content: `${folder}/`,
        key: `folder:${folder}`,
        type: "procedural",
        source: "assistant",
        metadata: { path: folder, kind: "folder" }
      }))
    )
  }

  #statement(path: string, text: string, version: number) {
    const content = contentOf(path, text)
    if (content.length > 100_000)
      throw invalidInput(
        "file_text",
        `is too long for one file (${content.length} characters); split it into several`
      )
    return {
      content,
      key: `file:${path}@${version}`,
      type: "procedural",
      source: "assistant",
      metadata: { path, kind: "file", version }
    } as const
  }

  /** False when the path is taken. */
  async create(path: string, text: string): Promise<boolean> {
    const statement = this.#statement(path, text, 1)
    const rows = await this.#rows({ path })
    if (path === ROOT || rows.length > 0) return false
    await this.#makeFolders(parentOf(path))
    try {
      const { id, outcome } = await this.#memory.remember(statement)
      if (outcome === "refreshed") return false
      const now = await this.read(path)
      if (now?.id === id) return true
      // Another made and edited it in the meantime.
      await this.#memory.forget(id)
      return false
    } catch (error) {
      if (isConflict(error)) return false
      throw error
    }
  }

  /** Changes what is there now, again if another editor was quicker. Gives the new text, or `undefined` when there is no such file. */
  async edit(path: string, change: (text: string) => string): Promise<string | undefined> {
    for (let tries = 0; tries < EDIT_TRIES; tries++) {
      const file = await this.read(path)
      if (file === undefined) return undefined
      const text = change(file.text).normalize("NFC")
      if (text === file.text) return text
      try {
        const next = await this.#memory.supersede(file.id, this.#statement(path, text, file.version + 1))
        if (next.closed) {
          await this.#memory.forget(file.id)
          return text
        }
        if (next.outcome === "created") await this.#memory.forget(next.id)
      } catch (error) {
        const wasQuicker =
          isConflict(error) || (error instanceof MemoryError && error.reason._tag === "NotFound")
        if (!wasQuicker) throw error
      }
    }
    throw new Error(`${path} is being changed by others all the time; view it and try again`)
  }

  /** Every version of a file, or a folder with all that is in it. False when there is nothing. */
  async remove(path: string): Promise<boolean> {
    const rows = await this.#rows()
    const paths = new Set(
      rows.map(({ metadata }) => pathIn(metadata)).filter((one) => one === path || one.startsWith(`${path}/`))
    )
    for (const one of paths) await this.#memory.forget({ metadata: { path: one } })
    return paths.size > 0
  }

  /** Writes the new before it removes the old. */
  async rename(from: string, to: string): Promise<void> {
    const { files, folders } = await this.tree()
    const moved = (path: string) => to + path.slice(from.length)
    const inside = (path: string) => path === from || path.startsWith(`${from}/`)
    await this.#makeFolders(parentOf(to))
    for (const folder of folders) if (inside(folder)) await this.#makeFolders(moved(folder))
    for (const file of files.values()) if (inside(file.path)) await this.create(moved(file.path), file.text)
    await this.remove(from)
  }
}
