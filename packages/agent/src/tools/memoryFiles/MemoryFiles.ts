import { type Memory, MemoryError, type PromiseMemory, STATEMENT_LIMITS } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { isWithin, parentPath, ROOT } from "./filePath.ts"

/** The newest version of a file. */
export interface StoredFile {
  readonly path: string
  readonly text: string
  /** The memory that holds it. */
  readonly id: string
  /** Counts the edits; of two editors of one version, one wins. */
  readonly version: number
}

/** Files and folders by their paths from the root, such as `/memories/notes/a.md`. */
export interface FileTree {
  readonly files: ReadonlyMap<string, StoredFile>
  /** Without a trailing slash; includes the root. */
  readonly folders: ReadonlySet<string>
}

const EDIT_ATTEMPTS = 8
const PAGE_ROWS = 1_000

/** The first line is the path, because a memory cannot be blank and a file can. */
const toContent = (path: string, text: string): string => `${path}\n${text}`
const readPath = ({ path }: Memory["metadata"]): string => (typeof path === "string" ? path : "")
const readText = (content: string): string => content.slice(content.indexOf("\n") + 1)

const isMemoryError = (error: unknown, reason: "Conflict" | "NotFound"): boolean =>
  error instanceof MemoryError && error.reason._tag === reason

/** The application's hook dropped the file, or its new version. */
const toDroppedError = (path: string): Error =>
  new Error(`${path} was not written: this memory does not keep such a text`)

/**
 * Files in a memory scope of their own. Each version of a file is a memory whose key is the path and the
 * version, because content never changes in place. Optimistic locking: of two concurrent edits of one version
 * the store accepts one, and the loser retries on the new version.
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
        limit: PAGE_ROWS,
        ...(metadata === undefined ? {} : { where: { metadata } })
      })
      rows.push(...page.rows)
      if (page.next === null) return rows
      after = { after: page.next }
    }
  }

  /** Takes the newest version of each file: an interrupted edit may have left the previous one. */
  static #toTree(rows: ReadonlyArray<Memory>): FileTree {
    const files = new Map<string, StoredFile>()
    const folders = new Set([ROOT])
    for (const { content, id, metadata } of rows) {
      const path = readPath(metadata)
      if (metadata.kind === "folder") {
        folders.add(path)
        continue
      }
      const version = Number(metadata.version)
      if (version > (files.get(path)?.version ?? 0))
        files.set(path, { path, id, version, text: readText(content) })
    }
    return { files, folders }
  }

  async tree(): Promise<FileTree> {
    return MemoryFiles.#toTree(await this.#rows())
  }

  /** `undefined` if there is no such file. */
  async read(path: string): Promise<StoredFile | undefined> {
    return MemoryFiles.#toTree(await this.#rows({ path })).files.get(path)
  }

  async #makeFolders(path: string): Promise<void> {
    const missing: Array<string> = []
    for (let folder = path; folder !== ROOT; folder = parentPath(folder)) missing.unshift(folder)
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

  #toStatement(path: string, text: string, version: number) {
    const content = toContent(path, text)
    if (content.length > STATEMENT_LIMITS.content)
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

  /** False if the path is taken. */
  async create(path: string, text: string): Promise<boolean> {
    const statement = this.#toStatement(path, text, 1)
    const rows = await this.#rows({ path })
    if (path === ROOT || rows.length > 0) return false
    await this.#makeFolders(parentPath(path))
    try {
      const { id, outcome } = await this.#memory.remember(statement)
      if (outcome === "dropped") throw toDroppedError(path)
      if (outcome === "refreshed") return false
      const file = await this.read(path)
      if (file?.id === id) return true
      await this.#memory.forget(id)
      // Another writer created and edited it in the meantime.
      if (file !== undefined) return false
      // The application's hook changed the path, or another writer removed the file.
      throw new Error(`${path} was not kept under this name`)
    } catch (error) {
      if (isMemoryError(error, "Conflict")) return false
      throw error
    }
  }

  /** Changes the newest version, and retries if another editor was faster. Returns the new text, or `undefined` if there is no such file. */
  async edit(path: string, change: (text: string) => string): Promise<string | undefined> {
    for (let attempt = 0; attempt < EDIT_ATTEMPTS; attempt++) {
      const file = await this.read(path)
      if (file === undefined) return undefined
      const text = change(file.text).normalize("NFC")
      if (text === file.text) return text
      try {
        const successor = await this.#memory.supersede(
          file.id,
          this.#toStatement(path, text, file.version + 1)
        )
        if (successor.outcome === "dropped") throw toDroppedError(path)
        if (successor.closed) {
          await this.#memory.forget(file.id)
          return text
        }
        if (successor.outcome === "created") await this.#memory.forget(successor.id)
      } catch (error) {
        const isOutdated = isMemoryError(error, "Conflict") || isMemoryError(error, "NotFound")
        if (!isOutdated) throw error
      }
    }
    throw new Error(`${path} is being changed by others; view it and try again`)
  }

  /** Removes every version of a file, or a folder and everything in it. False if there is neither. */
  async remove(path: string): Promise<boolean> {
    const rows = await this.#rows()
    const paths = new Set(
      rows
        .map(({ metadata }) => readPath(metadata))
        .filter((rowPath) => rowPath === path || isWithin(rowPath, path))
    )
    for (const rowPath of paths) await this.#memory.forget({ metadata: { path: rowPath } })
    return paths.size > 0
  }

  /** Writes the new paths before it removes the old ones. */
  async rename(from: string, to: string): Promise<void> {
    const { files, folders } = await this.tree()
    const rebase = (path: string) => to + path.slice(from.length)
    const isInside = (path: string) => path === from || isWithin(path, from)
    await this.#makeFolders(parentPath(to))
    for (const folder of folders) if (isInside(folder)) await this.#makeFolders(rebase(folder))
    for (const file of files.values())
      if (isInside(file.path)) await this.create(rebase(file.path), file.text)
    await this.remove(from)
  }
}
