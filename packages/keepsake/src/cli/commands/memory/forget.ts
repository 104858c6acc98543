import { AgentMemory, type MemoryError, type Receipt, type ScopedMemory } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { plural } from "../../../plural.ts"
import { ask } from "../../input/ask.ts"
import { completeIds } from "../../completeIds.ts"
import { filterFlags, toWhere } from "../../filter.ts"
import { oneLine, prose } from "../../output/text.ts"
import { columns, note, print } from "../../output/print.ts"
import { removeLeftOver } from "../../partialFile.ts"
import { type CommandSettings, withMemory } from "../../withMemory.ts"

/** Asks for the user's name before a whole scope is removed; without a terminal, `--yes` is needed. */
const confirm = Effect.fnUntraced(function* (
  name: string,
  target: string
): Effect.fn.Return<void, MemoryError> {
  if (!process.stdin.isTTY)
    return yield* invalidInput("yes", `there is no terminal to ask at: add --yes to remove ${target}`)
  const answer = yield* ask(`This removes ${target}. Type "${oneLine(name)}" to confirm: `)
  if (answer !== name) return yield* invalidInput("yes", "not confirmed; nothing was removed")
  return undefined
})

const describeReceipt = (
  receipt: Pick<Receipt, "backend" | "bytes" | "dryRun" | "removed" | "toErase">
): string => {
  const memories = plural(receipt.removed, "memory", "memories")
  if (receipt.dryRun) return `Would remove ${memories}. Nothing was changed.`
  return receipt.bytes === "erased"
    ? `Removed ${memories}; ${receipt.backend} has erased the bytes.`
    : `Removed ${memories}. ${receipt.backend} has unlinked them and erases the bytes later. ${receipt.toErase}`
}

/** Files that a killed export or backup left may hold what is forgotten. */
const removeHalfWritten = Effect.fnUntraced(function* ({ dryRun }: Pick<Receipt, "dryRun">) {
  const paths = dryRun ? [] : yield* removeLeftOver
  for (const path of paths) yield* note(`Removed ${path}, which a killed command had left half written.`)
  return paths.length === 0 ? {} : { halfWritten: paths }
})

interface Options {
  readonly dryRun: boolean
  readonly yes: boolean
}

const forgetEverywhere = Effect.fnUntraced(function* ({ json, scope }: CommandSettings, options: Options) {
  if (options.dryRun)
    return yield* invalidInput("dry-run", "does not work with --everywhere; use keepsake list first")
  if (!options.yes) yield* confirm(scope.userId, `all memories of ${oneLine(scope.userId)} with every agent`)
  const memories = yield* AgentMemory
  const receipt = { ...(yield* memories.eraseUser({ userId: scope.userId })), dryRun: false }
  const also = yield* removeHalfWritten(receipt)
  return yield* print(json, { ...receipt, ...also }, () => prose(describeReceipt(receipt), columns()))
})

const forgetScope = Effect.fnUntraced(function* (memory: ScopedMemory, options: Options) {
  const { agentId, userId } = memory.scope
  if (!options.dryRun && !options.yes) {
    const { removed } = yield* memory.forgetAll({ dryRun: true })
    yield* confirm(userId, `all ${removed} memories of ${oneLine(userId)} with agent ${oneLine(agentId)}`)
  }
  return yield* memory.forgetAll({ dryRun: options.dryRun })
})

export const forget = Command.make(
  "forget",
  {
    ids: Argument.String("id").pipe(
      Argument.withDescription("Ids, or their beginnings as list shows them"),
      Argument.variadic({ min: 0 })
    ),
    all: Flag.Boolean("all").pipe(
      Flag.withDescription("All memories of this user and agent"),
      Flag.withDefault(false)
    ),
    everywhere: Flag.Boolean("everywhere").pipe(
      Flag.withDescription("All memories of this user with every agent"),
      Flag.withDefault(false)
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Count what would be removed; remove nothing"),
      Flag.withDefault(false)
    ),
    yes: Flag.Boolean("yes").pipe(
      Flag.withAlias("y"),
      Flag.withDescription("Do not ask for confirmation"),
      Flag.withDefault(false)
    ),
    ...filterFlags
  },
  Effect.fnUntraced(function* ({ all, dryRun, everywhere, ids, yes, ...flags }) {
    const where = yield* toWhere(flags)
    const targets = [ids.length > 0, where !== undefined, all, everywhere].filter(Boolean).length
    if (targets !== 1)
      return yield* invalidInput(
        "forget",
        "give one of: ids, a filter such as --session, --all, --everywhere"
      )
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, settings) {
        if (everywhere) return yield* forgetEverywhere(settings, { dryRun, yes })
        const target = where === undefined ? yield* completeIds(memory, ids) : { where }
        const receipt = all
          ? yield* forgetScope(memory, { dryRun, yes })
          : yield* memory.forget(target, { dryRun })
        const also = yield* removeHalfWritten(receipt)
        yield* print(settings.json, { ...receipt, ...also }, () => prose(describeReceipt(receipt), columns()))
        if (receipt.removed === 0 && !settings.json) yield* note("Nothing matched.")
        return undefined
      })
    )
  })
).pipe(
  Command.withDescription("Forget memories by id, by filter, or all of them, and print a receipt"),
  Command.withExamples([
    { command: "keepsake forget --session monday --dry-run", description: "See what a filter would remove" },
    { command: "keepsake forget --all --yes", description: "Forget all memories of this user and agent" }
  ])
)
