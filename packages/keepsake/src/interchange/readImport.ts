/** Finds out what a file holds, and reads its rows one after another. */
import type { MemoryError } from "@keepsake/core"
import { invalidInput, readMemory } from "@keepsake/core/driver"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Head, isSupported, Tail } from "./exportFormat.ts"
import { findFormat } from "./formats/formats.ts"
import type { Format, ImportItem, JsonRow } from "./formats/Format.ts"
import { readMarkdown, readPlainText, type TextItem } from "./formats/markdown.ts"
import { readBackup } from "./formats/openMemory.ts"
import { type ImportFile, type Line, readAll } from "./importFile.ts"

/** A row and its place in the file, such as `line 3`. */
export interface ImportRow {
  readonly position: string
  readonly item: ImportItem
}

/** What a file holds. */
export interface ImportContent {
  /** The system that wrote it. */
  readonly format: string
  /** The rows, each time from the beginning; throws a `MemoryError` that names the first bad one. */
  readonly rows: () => AsyncIterable<ImportRow>
}

/** How to read text that is not JSON, which a file's name may not say. */
export const TEXT_FORMATS = ["markdown", "text"] as const
export type TextFormat = (typeof TEXT_FORMATS)[number]

interface ReadOptions {
  /** Reads the complete lines of a damaged export. */
  readonly partial: boolean
  /** By the file's name when absent. */
  readonly text?: TextFormat | undefined
}

const NOTHING = "Nothing was imported"

const parseJson = (text: string): Result.Result<unknown, string> => {
  try {
    return Result.succeed(JSON.parse(text) as unknown)
  } catch (cause) {
    return Result.fail(cause instanceof Error ? cause.message : String(cause))
  }
}

const isBlank = (text: string): boolean => text.trim() === ""

const isRecord = (value: unknown): value is JsonRow =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const decodeHead = Schema.decodeUnknownOption(Head)
const decodeTail = Schema.decodeUnknownOption(Tail)

const truncated = (name: string, completeCount: number): MemoryError =>
  invalidInput(
    name,
    `is truncated: it has ${completeCount} complete memories, and its closing line is missing or counts others. ${NOTHING}. Export again, or import the complete lines with --partial`
  )

const toMemoryRow = (name: string, number: number, value: unknown): ImportRow => {
  const memory = readMemory(value)
  if (Result.isSuccess(memory))
    return { position: `line ${number}`, item: { _tag: "Memory", memory: memory.success } }
  const [field, message] = memory.failure
  const problem = (field === "" ? message : `${field.replace(/^\./u, "")}: ${message}`).replace(/\.$/u, "")
  throw invalidInput(name, `line ${number} is not a memory: ${problem}. ${NOTHING}`)
}

/** Keepsake's own export, whose last line counts its memories. */
async function* readExport({ lines, name }: ImportFile, partial: boolean): AsyncGenerator<ImportRow> {
  let count = 0
  let isHead = true
  let tail: typeof Tail.Type | null = null
  let damaged: { readonly number: number; readonly message: string } | null = null
  for await (const { number, text } of lines()) {
    if (isBlank(text)) continue
    if (isHead) {
      isHead = false
      continue
    }
    if (damaged !== null) {
      throw invalidInput(
        name,
        `line ${damaged.number} is damaged (${damaged.message}). ${NOTHING}; import the lines before it with --partial`
      )
    }
    const value = parseJson(text)
    if (Result.isFailure(value)) {
      if (partial) return
      damaged = { number, message: value.failure }
      continue
    }
    if (tail !== null)
      throw invalidInput(name, `goes on after its closing line, at line ${number}. ${NOTHING}`)
    tail = Option.getOrNull(decodeTail(value.success))
    if (tail !== null) continue
    yield toMemoryRow(name, number, value.success)
    count++
  }
  if (!partial && (damaged !== null || tail?.memories !== count)) throw truncated(name, count)
}

const toForeignRow = (
  name: string,
  position: string,
  value: unknown,
  format: Format | undefined
): ImportRow => {
  const refuse = (problem: string) => invalidInput(name, `${position} ${problem}. ${NOTHING}`)
  if (!isRecord(value)) throw refuse("is not an object")
  const system = format ?? findFormat(value)
  if (system === undefined)
    throw refuse("has neither content (OpenMemory, Kronvex, plain statements) nor memory (mem0)")
  const item = system.parse(value)
  if (Result.isFailure(item)) throw refuse(item.failure)
  return { position, item: item.success }
}

const formatOf = (row: unknown): Format | undefined => (isRecord(row) ? findFormat(row) : undefined)

async function* readLinesOfJson(
  { lines, name }: ImportFile,
  format: Format | undefined,
  partial: boolean
): AsyncGenerator<ImportRow> {
  for await (const { number, text } of lines()) {
    if (isBlank(text)) continue
    const value = parseJson(text)
    if (Result.isSuccess(value)) {
      yield toForeignRow(name, `line ${number}`, value.success, format)
      continue
    }
    if (partial) return
    throw invalidInput(
      name,
      `line ${number} is not JSON (${value.failure}): it may be truncated. ${NOTHING}; import the lines before it with --partial`
    )
  }
}

async function* readTextItems(items: ReadonlyArray<TextItem>): AsyncGenerator<ImportRow> {
  for (const { line, statement } of items)
    yield { position: `line ${line}`, item: { _tag: "Statement", statement, userId: null, agentId: null } }
}

const LISTS = ["results", "memories", "data"] as const

/** The rows of a whole document: a list, or an object with a list under a name that these systems use. */
const findRows = (document: unknown): ReadonlyArray<unknown> | undefined => {
  const backup = readBackup(document)
  if (backup !== undefined) return backup
  if (Array.isArray(document)) return document
  if (!isRecord(document)) return undefined
  for (const name of LISTS) {
    const list = document[name]
    if (Array.isArray(list)) return list
  }
  return formatOf(document) === undefined ? undefined : [document]
}

const toDocument = (name: string, document: unknown): ImportContent => {
  const rows = findRows(document)
  if (rows === undefined)
    throw invalidInput(
      name,
      `is JSON without memories: an object needs them as a list under one of ${LISTS.join(", ")}. ${NOTHING}`
    )
  const format = formatOf(rows[0])
  return {
    format: format?.name ?? "JSON",
    rows: async function* () {
      for (const [i, row] of rows.entries()) yield toForeignRow(name, `entry ${i + 1}`, row, format)
    }
  }
}

const TEXT_NAMES: ReadonlyArray<readonly [RegExp, TextFormat]> = [
  [/\.(?:md|markdown|mdx)$/iu, "markdown"],
  [/\.(?:txt|text)$/iu, "text"]
]

const readText = async (file: ImportFile, format: TextFormat): Promise<ImportContent> => {
  const text = await readAll(file)
  const items = format === "markdown" ? readMarkdown(file.name, text) : readPlainText(file.name, text)
  return { format, rows: () => readTextItems(items) }
}

const findFirstLine = async (file: ImportFile): Promise<Line | undefined> => {
  for await (const line of file.lines()) if (!isBlank(line.text)) return line
  return undefined
}

const isSingleLine = async (file: ImportFile): Promise<boolean> => {
  let count = 0
  for await (const { text } of file.lines()) if (!isBlank(text) && ++count > 1) return false
  return true
}

/** Reads what `file` holds: an export of Keepsake or another system, JSON lines of statements, Markdown or text. */
export const readImport = async (
  file: ImportFile,
  { partial, text }: ReadOptions
): Promise<ImportContent> => {
  const { name } = file
  const textFormat = text ?? TEXT_NAMES.find(([pattern]) => pattern.test(name))?.[1]
  const firstLine = await findFirstLine(file)
  if (firstLine === undefined) throw invalidInput(name, "is empty")
  if (textFormat !== undefined) return readText(file, textFormat)
  const first = parseJson(firstLine.text)
  if (Result.isSuccess(first)) {
    const head = Option.getOrUndefined(decodeHead(first.success))
    if (head !== undefined && !isSupported(head))
      throw invalidInput(
        name,
        `is an export of version ${head.version}, which this version of keepsake cannot read; update keepsake`
      )
    if (head !== undefined) return { format: "Keepsake", rows: () => readExport(file, partial) }
    if (findRows(first.success) !== undefined || (await isSingleLine(file))) {
      if (!isRecord(first.success) || formatOf(first.success) === undefined)
        return toDocument(name, first.success)
    }
    const format = formatOf(first.success)
    return { format: format?.name ?? "JSON lines", rows: () => readLinesOfJson(file, format, partial) }
  }
  const document = parseJson(await readAll(file))
  if (Result.isSuccess(document)) return toDocument(name, document.success)
  throw invalidInput(
    name,
    /^\s*[[{]/u.test(firstLine.text)
      ? `is not JSON (${document.failure}): it may be truncated. ${NOTHING}`
      : `is not JSON (${document.failure}). ${NOTHING}; for notes, add --text markdown or --text text`
  )
}
