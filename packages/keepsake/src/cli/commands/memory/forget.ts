import { createInterface } from "node:readline/promises"
import {
  AgentMemory,
  type Filter,
  MemoryError,
  NotFound,
  type Receipt,
  type ScopedMemory
} from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { Effect, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { plural } from "../../../plural.ts"
import { filterFlags, filterOf } from "../../filter.ts"
import { oneLine, prose } from "../../output/text.ts"
import { columns, note, print } from "../../output/print.ts"
import { type CommandSettings, withMemory } from "../../withMemory.ts"

const FULL_ID = 36

/** At least half of what list shows. */
const ID_START = /^[0-9a-f]{4}[0-9a-f-]*$/iu

/** Full ids; a beginning of one, as `list` shows it, is completed when it is the only one. */
const completeIds = Effect.fnUntraced(function* (memory: ScopedMemory, given: ReadonlyArray<string>) {
  const short = given.filter((id) => id.length < FULL_ID)
  if (short.length === 0) return given
  const known = yield* Stream.runCollect(Stream.map(memory.export(), ({ id }) => id))
  // An empty one, as an unset variable of a shell gives it, would begin every id.
  const odd = given.find((id) => !ID_START.test(id))
  if (odd !== undefined)
    return yield* invalidInput("id", `"${oneLine(odd)}" is not the beginning of an id; see keepsake list`)
  return yield* Effect.forEach(given, (id) => {
    const [match, other] = known.filter((full) => full.startsWith(id.toLowerCase()))
    if (match === undefined) {
      return Effect.fail(
        new MemoryError({
          reason: new NotFound({ message: `No memory's id begins with ${id}; see keepsake list` })
        })
      )
    }
    return other === undefined
      ? Effect.succeed(match)
      : Effect.fail(invalidInput("id", `${id} begins several ids; give more of it`))
  })
})

/** Whoever removes a whole scope types its name; where nobody can be asked, `--yes` is needed. */
const confirm = (name: string, what: string): Effect.Effect<void, MemoryError> =>
  Effect.gen(function* () {
    if (!process.stdin.isTTY)
      return yield* invalidInput("yes", `nobody can be asked here: add --yes to remove ${what}`)
    const answer = yield* Effect.promise(async (signal) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return await lines.question(`This removes ${what}. Type "${name}" to go on: `, { signal })
      } finally {
        lines.close()
      }
    })
    if (answer.trim() !== name) return yield* invalidInput("yes", "not confirmed; nothing was removed")
    return undefined
  })

const describe = (receipt: Pick<Receipt, "backend" | "bytes" | "dryRun" | "removed" | "toErase">): string => {
  const memories = plural(receipt.removed, "memory", "memories")
  if (receipt.dryRun) return `Would remove ${memories}. Nothing was changed.`
  return receipt.bytes === "erased"
    ? `Removed ${memories}; ${receipt.backend} has erased the bytes.`
    : `Removed ${memories}. ${receipt.backend} has unlinked them; the bytes go later. ${receipt.toErase}`
}

const everywhere = Effect.fnUntraced(function* ({ json, scope }: CommandSettings, options: Options) {
  if (options.dryRun)
    return yield* invalidInput("dry-run", "is not there for --everywhere; look with keepsake list first")
  if (!options.yes) yield* confirm(scope.userId, `everything of ${oneLine(scope.userId)}, of every agent`)
  const memories = yield* AgentMemory
  const receipt = { ...(yield* memories.eraseUser({ userId: scope.userId })), dryRun: false }
  return yield* print(json, receipt, () => prose(describe(receipt), columns()))
})

interface Options {
  readonly dryRun: boolean
  readonly yes: boolean
}

const wholeScope = Effect.fnUntraced(function* (memory: ScopedMemory, options: Options) {
  const { agentId, userId } = memory.scope
  if (!options.dryRun && !options.yes) {
    const { removed } = yield* memory.forgetAll({ dryRun: true })
    yield* confirm(userId, `all ${removed} memories of ${oneLine(userId)} with agent ${oneLine(agentId)}`)
  }
  return yield* memory.forgetAll({ dryRun: options.dryRun })
})

const isEmpty = (filter: Filter): boolean => Object.keys(filter).length === 0

export const forget = Command.make(
  "forget",
  {
    ids: Argument.String("id").pipe(
      Argument.withDescription("Ids, or their beginnings as list shows them"),
      Argument.variadic({ min: 0 })
    ),
    all: Flag.Boolean("all").pipe(
      Flag.withDescription("Everything of this user and agent"),
      Flag.withDefault(false)
    ),
    everywhere: Flag.Boolean("everywhere").pipe(
      Flag.withDescription("Everything of this user, of every agent"),
      Flag.withDefault(false)
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Say what would go; remove nothing"),
      Flag.withDefault(false)
    ),
    yes: Flag.Boolean("yes").pipe(
      Flag.withAlias("y"),
      Flag.withDescription("Do not ask"),
      Flag.withDefault(false)
    ),
    ...filterFlags
  },
  Effect.fnUntraced(function* ({ all, dryRun, everywhere: gone, ids, yes, ...flags }) {
    const filter = filterOf(flags)
    const chosen = [ids.length > 0, !isEmpty(filter), all, gone].filter(Boolean).length
    if (chosen !== 1)
      return yield* invalidInput("what", "say one of: ids, a filter such as --session, --all, --everywhere")
    return yield* withMemory((memory, read) =>
      Effect.gen(function* () {
        if (gone) return yield* everywhere(read, { dryRun, yes })
        const receipt = all
          ? yield* wholeScope(memory, { dryRun, yes })
          : yield* memory.forget(ids.length > 0 ? yield* completeIds(memory, ids) : filter, { dryRun })
        yield* print(read.json, receipt, () => prose(describe(receipt), columns()))
        if (receipt.removed === 0 && !read.json) yield* note("Nothing matched.")
        return undefined
      })
    )
  })
).pipe(
  Command.withDescription("Forget memories by id, by filter, or all of them; prints a receipt"),
  Command.withExamples([
    { command: "keepsake forget --session monday --dry-run", description: "See what a filter would remove" },
    { command: "keepsake forget --all --yes", description: "Forget everything of this user and agent" }
  ])
)
