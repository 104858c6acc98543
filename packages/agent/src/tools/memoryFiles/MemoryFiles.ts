import { type Memory, MemoryError, type PromiseMemory, STATEMENT_LIMITS, type Where } from "@keepsake/core"
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
const FORGET_BATCH = 256

/** The first line is the path, because a memory cannot be blank and a file can. */
const toContent = (path: string, text: string): string => `${path}\n${text}`
const readPath = ({ path }: Memory["metadata"]): string => (typeof path === "string" ? path : "")
const readText = (content: string): string => content.slice(content.indexOf("\n") + 1)

const isMemoryError = (error: unknown, reason: "Conflict" | "NotFound"): boolean =>
  error instanceof MemoryError && error.reason._tag === reason

const toFolderStatement = (folder: string) =>
  ({
    content: `${folder}/`,
    key: `folder:${folder}`,
    type: "procedural",
    source: "assistant",
    metadata: { path: folder, kind: "folder", ...listAncestors(folder) }
  }) as const

/** Longer lists would not fit the metadata of a memory. */
const ANCESTORS_CHARACTERS = 8_000

/** The folders that hold a path, by which a folder's rows are found. */
const listAncestors = (path: string): { readonly ancestors?: ReadonlyArray<string> } => {
  const ancestors: Array<string> = []
  for (let folder = parentPath(path); folder.length >= ROOT.length; folder = parentPath(folder))
    ancestors.push(folder)
  return JSON.stringify(ancestors).length <= ANCESTORS_CHARACTERS ? { ancestors } : {}
}

/** A file or folder, and everything in it. Rows without a list of ancestors may be in it, too. */
const mayBeWithin = (path: string): Where => ({
  or: [
    { metadata: { path } },
    { metadata: { ancestors: { contains: path } } },
    { metadata: { ancestors: { exists: false } } }
  ]
})

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

  async #rows(where?: Where, includeSuperseded = false): Promise<ReadonlyArray<Memory>> {
    const rows: Array<Memory> = []
    for (let after: Parameters<PromiseMemory["list"]>[0] = {}; ;) {
      const page = await this.#memory.list({
        ...after,
        includeSuperseded,
        limit: PAGE_ROWS,
        ...(where === undefined ? {} : { where })
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
    return MemoryFiles.#toTree(await this.#rows({ metadata: { path } })).files.get(path)
  }

  /** Whether there is a file or folder. */
  async exists(path: string): Promise<boolean> {
    return path === ROOT || (await this.#rows({ metadata: { path } })).length > 0
  }

  async #makeFolders(path: string): Promise<void> {
    const missing: Array<string> = []
    for (let folder = path; folder !== ROOT; folder = parentPath(folder)) missing.unshift(folder)
    if (missing.length === 0) return
    const { files, folders } = MemoryFiles.#toTree(await this.#rows({ metadata: { path: { in: missing } } }))
    const blocking = missing.find((folder) => files.has(folder))
    if (blocking !== undefined) throw new Error(`${blocking} is a file, not a directory`)
    await this.#memory.rememberMany(missing.filter((folder) => !folders.has(folder)).map(toFolderStatement))
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
      metadata: { path, kind: "file", version, ...listAncestors(path) }
    } as const
  }

  /** False if the path is taken. */
  async create(path: string, text: string): Promise<boolean> {
    const statement = this.#toStatement(path, text, 1)
    const rows = await this.#rows({ metadata: { path } })
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
    const rows = await this.#listWithin(path)
    for (let i = 0; i < rows.length; i += FORGET_BATCH)
      await this.#memory.forget(rows.slice(i, i + FORGET_BATCH).map(({ id }) => id))
    return rows.length > 0
  }

  async #listWithin(path: string): Promise<ReadonlyArray<Memory>> {
    // An interrupted edit may have left a version that is superseded.
    const rows = await this.#rows(mayBeWithin(path), true)
    return rows.filter(({ metadata }) => {
      const rowPath = readPath(metadata)
      return rowPath === path || isWithin(rowPath, path)
    })
  }

  /** Writes the new paths before it removes the old ones. Reads what it renames, and nothing else. */
  async rename(from: string, to: string): Promise<void> {
    const { files, folders } = MemoryFiles.#toTree(await this.#listWithin(from))
    const rebase = (path: string) => to + path.slice(from.length)
    await this.#makeFolders(parentPath(to))
    const folderStatements = Array.from(folders)
      .filter((folder) => folder !== ROOT)
      .map((folder) => toFolderStatement(rebase(folder)))
    const fileStatements = Array.from(files.values(), ({ path, text }) =>
      this.#toStatement(rebase(path), text, 1)
    )
    const results = await this.#memory.rememberMany([...folderStatements, ...fileStatements])
    const lost = results.slice(folderStatements.length).findIndex(({ outcome }) => outcome !== "created")
    if (lost >= 0) throw toDroppedError(rebase(Array.from(files.keys())[lost] ?? from))
    await this.remove(from)
  }
}
