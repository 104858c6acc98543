import {
  AgentMemory,
  type Imported,
  type ImportOptions,
  type Memory,
  type MemoryError,
  type Scope,
  type Statement
} from "@keepsake/core"
import { invalidInput, memoryFromStatement, readTime, scopeKey, STORE_LIMITS } from "@keepsake/core/driver"
import { Clock, Effect, Result } from "effect"
import { chunksOf } from "effect/Array"
import { Argument, Command, Flag } from "effect/cli"
import { readText } from "../../../config/readText.ts"
import type { ForeignStatement, LocatedStatement } from "../../../interchange/foreign.ts"
import { readImport } from "../../../interchange/readImport.ts"
import { openScope } from "../../../interchange/scopes.ts"
import { columns, makeProgress, print } from "../../output/print.ts"
import { readStdin } from "../../stdin.ts"
import { prose } from "../../output/text.ts"
import { withMemory } from "../../withMemory.ts"

type Show = (done: number) => Effect.Effect<void>

const groupByScope = <A>(
  items: ReadonlyArray<A>,
  toScope: (item: A) => Scope
): ReadonlyArray<{ readonly scope: Scope; readonly items: ReadonlyArray<A> }> => {
  const groups = new Map<string, { scope: Scope; items: Array<A> }>()
  for (const item of items) {
    const scope = toScope(item)
    const group = groups.get(scopeKey(scope)) ?? { scope, items: [] }
    group.items.push(item)
    groups.set(scopeKey(scope), group)
  }
  return Array.from(groups.values())
}

const importMemories = Effect.fnUntraced(function* (
  memories: ReadonlyArray<Memory>,
  toScope: (memory: Memory) => Scope,
  options: ImportOptions,
  show: Show
): Effect.fn.Return<Imported, MemoryError, AgentMemory> {
  const counts = { created: 0, known: 0, conflicting: 0, expired: 0, dropped: 0 }
  for (const { items, scope } of groupByScope(memories, toScope)) {
    const memory = yield* openScope(scope)
    const imported = yield* memory.import(items, options)
    counts.created += imported.created
    counts.known += imported.known
    counts.conflicting += imported.conflicting
    counts.expired += imported.expired
    counts.dropped += imported.dropped
    yield* show(counts.created + counts.known + counts.conflicting + counts.expired + counts.dropped)
  }
  return counts
})

/** Checks all statements before any is written, so that a bad one changes nothing. */
const checkStatements = Effect.fnUntraced(function* (
  name: string,
  statements: ReadonlyArray<LocatedStatement>,
  toScope: (statement: ForeignStatement) => Scope,
  now: number
) {
  for (const statement of statements) {
    const memory = memoryFromStatement(toScope(statement), statement.statement, now)
    if (Result.isSuccess(memory)) continue
    const [field, problem] = memory.failure
    return yield* invalidInput(
      name,
      `${statement.position}: ${field}: ${problem.replace(/\.$/u, "")}. Nothing was imported`
    )
  }
  return undefined
})

/** False for what `readTime` refuses: `checkStatements` names its line. */
const isPast = (expiresAt: Statement["expiresAt"], now: number): boolean => {
  if (expiresAt === undefined || expiresAt === null) return false
  const time = readTime(expiresAt)
  return Result.isSuccess(time) && time.success <= now
}

const importStatements = Effect.fnUntraced(function* (
  name: string,
  statements: ReadonlyArray<LocatedStatement>,
  toScope: (statement: ForeignStatement) => Scope,
  show: Show
): Effect.fn.Return<Imported, MemoryError, AgentMemory> {
  const now = yield* Clock.currentTimeMillis
  const live = statements.filter(({ statement }) => !isPast(statement.expiresAt, now))
  yield* checkStatements(name, live, toScope, now)
  const expired = statements.length - live.length
  const counts = { created: 0, known: 0, conflicting: 0, expired, dropped: 0 }
  for (const { items, scope } of groupByScope(live, toScope)) {
    const memory = yield* openScope(scope)
    for (const batch of chunksOf(items, STORE_LIMITS.batch)) {
      const outcomes = yield* memory.rememberMany(batch.map(({ statement }) => statement))
      for (const { outcome } of outcomes) {
        if (outcome === "created") counts.created++
        else if (outcome === "conflict") counts.conflicting++
        else if (outcome === "dropped") counts.dropped++
        else counts.known++
      }
      yield* show(counts.created + counts.known + counts.conflicting + counts.dropped)
    }
  }
  return counts
})

const describeCounts = ({ conflicting, created, dropped, expired, known }: Imported, file: string): string =>
  `Imported ${created} from ${file}.` +
  (known > 0 ? ` Known already, unchanged: ${known}.` : "") +
  (conflicting > 0 ? ` Other content under the same key, left out: ${conflicting}.` : "") +
  (expired > 0 ? ` Expired, left out: ${expired}.` : "") +
  (dropped > 0 ? ` Dropped before writing: ${dropped}.` : "")

export const importCommand = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(Argument.withDescription('The export to read; "-" is standard input')),
    keepScopes: Flag.Boolean("keep-scopes").pipe(
      Flag.withDescription("Import for the users and agents of the export, not for --user"),
      Flag.withDefault(false)
    ),
    mergeScopes: Flag.Boolean("merge-scopes").pipe(
      Flag.withDescription("Import what belonged to several users for --user alone"),
      Flag.withDefault(false)
    ),
    trustIds: Flag.Boolean("trust-ids").pipe(
      Flag.withDescription("Keep the ids of a backup of your own that is older than keys"),
      Flag.withDefault(false)
    ),
    partial: Flag.Boolean("partial").pipe(
      Flag.withDescription("Import the complete lines of a damaged export"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ file, keepScopes, mergeScopes, partial, trustIds }) {
    const name = file === "-" ? "standard input" : file
    const content = yield* readImport(name, file === "-" ? yield* readStdin : yield* readText(file), partial)
    yield* withMemory(
      Effect.fnUntraced(function* (_, { json, scope }) {
        const total = content._tag === "Memories" ? content.memories.length : content.statements.length
        const progress = makeProgress("Importing", total, json)
        const counts =
          content._tag === "Memories"
            ? yield* importMemories(
                content.memories,
                (memory) => (keepScopes ? memory.scope : scope),
                { mergeScopes, trustIds },
                progress.show
              )
            : yield* importStatements(
                name,
                content.statements,
                ({ agentId, userId }) =>
                  keepScopes ? { agentId: agentId ?? scope.agentId, userId: userId ?? scope.userId } : scope,
                progress.show
              )
        yield* progress.end
        yield* print(json, counts, () => prose(describeCounts(counts, name), columns()))
      })
    )
  })
).pipe(
  Command.withDescription("Import an export of Keepsake, mem0 or Kronvex, or JSON lines of statements"),
  Command.withExamples([
    {
      command: "keepsake import memories.jsonl",
      description: "For this user; a second import changes nothing"
    },
    {
      command: "keepsake import mem0.json --keep-scopes",
      description: "Each memory for its own user in mem0"
    }
  ])
)
