import type { Memory, MemoryError, Statement } from "@keepsake/core"
import { invalidInput, readMemory } from "@keepsake/core/driver"
import { Effect, Option, Result, Schema } from "effect"
import { Head, isSupported, Tail } from "./exportFormat.ts"
import { findRows, type ForeignStatement, type LocatedStatement, parseForeignRow } from "./foreign.ts"

/** Content of an import: memories with their history, or statements to remember. */
export type ImportContent =
  | { readonly _tag: "Memories"; readonly memories: ReadonlyArray<Memory> }
  | { readonly _tag: "Statements"; readonly statements: ReadonlyArray<LocatedStatement> }

interface Line {
  readonly number: number
  readonly value: unknown
}

/** A line that is not JSON, and why. */
interface DamagedLine {
  readonly number: number
  readonly message: string
}

const parseJson = (text: string): Result.Result<unknown, string> => {
  try {
    return Result.succeed(JSON.parse(text) as unknown)
  } catch (cause) {
    return Result.fail(cause instanceof Error ? cause.message : String(cause))
  }
}

const truncated = (name: string, completeCount: number): MemoryError =>
  invalidInput(
    name,
    `is truncated: it has ${completeCount} complete memories, and its closing line is missing or counts others. Nothing was imported. Export again, or import the complete lines with --partial`
  )

/** The lines up to the first that is not JSON. */
const parseLines = (
  text: string
): { readonly lines: ReadonlyArray<Line>; readonly damaged: DamagedLine | null } => {
  const lines: Array<Line> = []
  let number = 0
  for (const raw of text.split("\n")) {
    number++
    if (raw.trim() === "") continue
    const value = parseJson(raw)
    if (Result.isFailure(value)) return { lines, damaged: { number, message: value.failure } }
    lines.push({ number, value: value.success })
  }
  return { lines, damaged: null }
}

const decodeHead = Schema.decodeUnknownOption(Head)
const decodeTail = Schema.decodeUnknownOption(Tail)
const decodeStatement = Schema.decodeUnknownOption(Schema.Struct({ content: Schema.String }))

const parseMemories = (
  name: string,
  lines: ReadonlyArray<Line>
): Effect.Effect<ReadonlyArray<Memory>, MemoryError> =>
  Effect.forEach(lines, ({ number, value }) => {
    const memory = readMemory(value)
    if (Result.isSuccess(memory)) return Effect.succeed(memory.success)
    const [field, message] = memory.failure
    const problem = field === "" ? message : `${field}: ${message}`
    return Effect.fail(
      invalidInput(
        name,
        `line ${number} is not a memory: ${problem.replace(/\.$/u, "")}. Nothing was imported`
      )
    )
  })

const readExport = Effect.fnUntraced(function* (
  name: string,
  head: typeof Head.Type,
  text: string,
  partial: boolean
): Effect.fn.Return<ImportContent, MemoryError> {
  if (!isSupported(head)) {
    return yield* invalidInput(
      name,
      `is an export of version ${head.version}, which this version of keepsake cannot read; update keepsake`
    )
  }
  const { damaged, lines } = parseLines(text)
  const tail = decodeTail(lines.at(-1)?.value)
  const memories = yield* parseMemories(name, lines.slice(1, Option.isSome(tail) ? -1 : undefined))
  const isComplete = damaged === null && Option.isSome(tail) && tail.value.memories === memories.length
  if (!isComplete && !partial) {
    if (damaged !== null && Option.isNone(tail) && text.split("\n").length > damaged.number + 1) {
      return yield* invalidInput(
        name,
        `line ${damaged.number} is damaged (${damaged.message}). Nothing was imported; import the lines before it with --partial`
      )
    }
    return yield* truncated(name, memories.length)
  }
  return { _tag: "Memories", memories }
})

const parsePlainRow = (value: unknown): ForeignStatement | undefined =>
  Option.isSome(decodeStatement(value))
    ? // `memoryFromStatement` checks the other fields.
      { statement: value as Statement, userId: null, agentId: null }
    : undefined

const toStatements = (
  name: string,
  rows: ReadonlyArray<unknown>,
  toPosition: (i: number) => string
): Effect.Effect<ImportContent, MemoryError> =>
  Effect.map(
    Effect.forEach(rows, (row, i) => {
      const statement = parseForeignRow(row) ?? parsePlainRow(row)
      return statement === undefined
        ? Effect.fail(
            invalidInput(
              name,
              `${toPosition(i)} has neither content (Kronvex, plain statements) nor memory (mem0). Nothing was imported`
            )
          )
        : Effect.succeed({ ...statement, position: toPosition(i) })
    }),
    (statements) => ({ _tag: "Statements", statements })
  )

/**
 * Reads an export of Keepsake, mem0 or Kronvex, or JSON lines of statements (`{"content": "…"}`). With
 * `partial`, reads the complete lines of a damaged one.
 */
export const readImport = Effect.fnUntraced(function* (
  name: string,
  raw: string,
  partial: boolean
): Effect.fn.Return<ImportContent, MemoryError> {
  const text = raw.replace(/^\ufeff/u, "")
  if (text.trim() === "") return yield* invalidInput(name, "is empty")
  const [firstLine = ""] = text.trimStart().split("\n", 1)
  const first = parseJson(firstLine)
  const head = Result.isSuccess(first) ? decodeHead(first.success) : Option.none()
  if (Option.isSome(head)) return yield* readExport(name, head.value, text, partial)

  const document = parseJson(text)
  const rows = Result.isSuccess(document) ? findRows(document.success) : undefined
  if (rows !== undefined) return yield* toStatements(name, rows, (i) => `entry ${i + 1}`)
  if (Result.isFailure(first)) {
    return yield* invalidInput(
      name,
      `is not JSON (${Result.isFailure(document) ? document.failure : "it has no list"}): it may be truncated. Nothing was imported`
    )
  }
  const { damaged, lines } = parseLines(text)
  if (damaged !== null && !partial) {
    return yield* invalidInput(
      name,
      `line ${damaged.number} is not JSON (${damaged.message}): it may be truncated. Nothing was imported; import the lines before it with --partial`
    )
  }
  return yield* toStatements(
    name,
    lines.map((line) => line.value),
    (i) => `line ${lines[i]?.number ?? 0}`
  )
})
