import type { Memory, MemoryError, Statement } from "@keepsake/core"
import { invalidInput, readMemory } from "@keepsake/core/driver"
import { Effect, Option, Result, Schema } from "effect"
import { Head, isSupported, Tail } from "./exportFormat.ts"
import { foreignRow, foreignRows, type ForeignStatement, type PlacedStatement } from "./foreign.ts"

/** What an import holds: memories with their history, or statements that are remembered anew. */
export type ImportContent =
  | { readonly _tag: "Memories"; readonly memories: ReadonlyArray<Memory> }
  | { readonly _tag: "Statements"; readonly statements: ReadonlyArray<PlacedStatement> }

interface Line {
  readonly number: number
  readonly value: unknown
}

const parse = (text: string): Result.Result<unknown, string> => {
  try {
    return Result.succeed(JSON.parse(text) as unknown)
  } catch (cause) {
    return Result.fail(cause instanceof Error ? cause.message : String(cause))
  }
}

const cutShort = (name: string, complete: number): MemoryError =>
  invalidInput(
    name,
    `is cut short: ${complete} memories are whole, then it breaks off before its closing line. Nothing was imported. Export again, or take what is there with --partial`
  )

/** The lines that are JSON, and whether the text breaks off inside one or before the end. */
const linesOf = (text: string): { readonly lines: ReadonlyArray<Line>; readonly broken: Line | null } => {
  const lines: Array<Line> = []
  let number = 0
  for (const raw of text.split("\n")) {
    number++
    if (raw.trim() === "") continue
    const value = parse(raw)
    if (Result.isFailure(value)) return { lines, broken: { number, value: value.failure } }
    lines.push({ number, value: value.success })
  }
  return { lines, broken: null }
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
      `is an export of version ${head.version}, which this keepsake does not read; update it`
    )
  }
  const { broken, lines } = linesOf(text)
  const last = lines.at(-1)
  const tail = decodeTail(last?.value)
  const memories = yield* parseMemories(name, lines.slice(1, Option.isSome(tail) ? -1 : undefined))
  const whole = broken === null && Option.isSome(tail) && tail.value.memories === memories.length
  if (!whole && !partial) {
    if (
      broken !== null &&
      Option.isNone(decodeTail(last?.value)) &&
      text.split("\n").length > broken.number + 1
    ) {
      return yield* invalidInput(
        name,
        `line ${broken.number} is damaged (${String(broken.value)}). Nothing was imported; the lines before it can be taken with --partial`
      )
    }
    return yield* cutShort(name, memories.length)
  }
  return { _tag: "Memories", memories }
})

const plainStatement = (value: unknown): ForeignStatement | undefined =>
  Option.isSome(decodeStatement(value))
    ? // Any further field is checked where it is remembered, by name.
      { statement: value as Statement, userId: null, agentId: null }
    : undefined

const statementsOf = (
  name: string,
  rows: ReadonlyArray<unknown>,
  placeOf: (i: number) => string
): Effect.Effect<ImportContent, MemoryError> =>
  Effect.map(
    Effect.forEach(rows, (row, i) => {
      const statement = foreignRow(row) ?? plainStatement(row)
      return statement === undefined
        ? Effect.fail(
            invalidInput(
              name,
              `${placeOf(i)} has neither content (Kronvex, plain statements) nor memory (mem0). Nothing was imported`
            )
          )
        : Effect.succeed({ ...statement, place: placeOf(i) })
    }),
    (statements) => ({ _tag: "Statements", statements })
  )

/**
 * Reads an export: Keepsake's own, mem0's or Kronvex's, or JSON lines of statements (`{"content": "…"}`).
 * With `partial`, whatever is whole in an export of ours that was cut.
 */
export const readImport = Effect.fnUntraced(function* (
  name: string,
  raw: string,
  partial: boolean
): Effect.fn.Return<ImportContent, MemoryError> {
  const text = raw.replace(/^\ufeff/u, "")
  if (text.trim() === "") return yield* invalidInput(name, "is empty")
  const [firstLine = ""] = text.trimStart().split("\n", 1)
  const first = parse(firstLine)
  const head = Result.isSuccess(first) ? decodeHead(first.success) : Option.none()
  if (Option.isSome(head)) return yield* readExport(name, head.value, text, partial)

  const document = parse(text)
  const rows = Result.isSuccess(document) ? foreignRows(document.success) : undefined
  if (rows !== undefined) return yield* statementsOf(name, rows, (i) => `entry ${i + 1}`)
  if (Result.isFailure(first)) {
    return yield* invalidInput(
      name,
      `is not JSON (${Result.isFailure(document) ? document.failure : "no list in it"}): it may be cut short. Nothing was imported`
    )
  }
  const { broken, lines } = linesOf(text)
  if (broken !== null && !partial) {
    return yield* invalidInput(
      name,
      `line ${broken.number} is not JSON (${String(broken.value)}): it may be cut short. Nothing was imported; take the lines before it with --partial`
    )
  }
  return yield* statementsOf(
    name,
    lines.map((line) => line.value),
    (i) => `line ${lines[i]?.number ?? 0}`
  )
})
