import { plural } from "../../../plural.ts"
import { createWriteStream, existsSync, statSync, type WriteStream } from "node:fs"
import { rename, rm } from "node:fs/promises"
import { once } from "node:events"
import { dirname, resolve } from "node:path"
import { finished } from "node:stream/promises"
import { MemoryError, type Scope, type ScopeCount, StorageFull } from "@keepsake/core"
import { createPrivateFile, escapeHiddenJson, invalidInput } from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { headLine, memoryLine, tailLine } from "../../../interchange/exportFormat.ts"
import { allScopes, openScope } from "../../../interchange/scopes.ts"
import { note, print } from "../../output/print.ts"
import { makeProgress } from "../../output/progress.ts"
import { PARTIAL, removeLeftOver, whileWriting } from "../../partialFile.ts"
import { withMemory } from "../../withMemory.ts"

const writeFailed = (cause: unknown): MemoryError =>
  new MemoryError({
    reason: new StorageFull({
      message: `The export could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause
    })
  })

/**
 * Opens a device or a pipe; or a new file of this account alone, in the place of whatever has the name: an interrupted
 * export's, or a planted link.
 */
const openFile = (path: string, isNew: boolean): Effect.Effect<WriteStream, MemoryError> =>
  Effect.tryPromise({
    try: async () => {
      if (!isNew) return createWriteStream(path)
      await rm(path, { force: true })
      const fd = createPrivateFile(path)
      if (fd === null) throw new Error(`${path} appeared meanwhile`)
      return createWriteStream(path, { fd })
    },
    catch: writeFailed
  })

/** The path to write to: a temporary file beside a regular file; a device or a pipe itself. */
const choosePath = (out: string): Effect.Effect<string, MemoryError> =>
  Effect.suspend(() => {
    const stats = statSync(out, { throwIfNoEntry: false })
    if (stats?.isDirectory() === true)
      return Effect.fail(invalidInput("out", `${out} is a folder; name a file`))
    if (stats !== undefined && !stats.isFile()) return Effect.succeed(out)
    return existsSync(dirname(resolve(out)))
      ? Effect.succeed(out + PARTIAL)
      : Effect.fail(invalidInput("out", `the folder ${dirname(out)} does not exist; create it first`))
  })

/** Writes lines to a file or standard output. A file replaces another only when it is complete, with mode 0600. */
const writeLines = Effect.fnUntraced(function* <R>(
  out: string | undefined,
  lines: Stream.Stream<string, MemoryError, R>
) {
  yield* removeLeftOver
  const path = out === undefined ? undefined : yield* choosePath(out)
  if (path === undefined || path === out) return yield* writeInto(path, out, lines)
  return yield* whileWriting(path, writeInto(path, out, lines))
})

/** Writes lines to `path`, which becomes `out`; to standard output without one. */
const writeInto = Effect.fnUntraced(function* <R>(
  path: string | undefined,
  out: string | undefined,
  lines: Stream.Stream<string, MemoryError, R>
) {
  const file = path === undefined ? process.stdout : yield* openFile(path, path !== out)
  // A terminal may be at the other end of standard output.
  const shown = path === undefined ? Stream.map(lines, escapeHiddenJson) : lines
  yield* Stream.runForEach(shown, (line) =>
    Effect.tryPromise({
      try: async () => {
        if (!file.write(`${line}\n`)) await once(file, "drain")
      },
      catch: writeFailed
    })
  )
  if (out === undefined || path === undefined) return
  yield* Effect.tryPromise({
    try: async () => {
      file.end()
      await finished(file)
      if (path !== out) await rename(path, out)
    },
    catch: writeFailed
  })
})

const exportScopes = <R>(scopes: Stream.Stream<Scope, MemoryError, R>) =>
  Stream.flatMap(scopes, (scope) => Stream.unwrap(Effect.map(openScope(scope), (memory) => memory.export())))

const countRows = <R>(scopes: Stream.Stream<ScopeCount, MemoryError, R>) =>
  Stream.runFold(
    scopes,
    () => 0,
    (sum, { rows }) => sum + rows
  )

export const exportCommand = Command.make(
  "export",
  {
    out: Flag.String("out").pipe(
      Flag.withDescription("The file to write; standard output by default"),
      Flag.optional
    ),
    everywhere: Flag.Boolean("everywhere").pipe(
      Flag.withDescription("All memories of this user with every agent"),
      Flag.withDefault(false)
    ),
    everyone: Flag.Boolean("everyone").pipe(
      Flag.withDescription("All memories of every user"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ everyone, everywhere, out }) {
    if (everyone && everywhere)
      return yield* invalidInput("everyone", "includes --everywhere; give one of them")
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, { json, scope }) {
        const scopes = Stream.filter(allScopes, (count) => everyone || count.scope.userId === scope.userId)
        const memories =
          everyone || everywhere ? exportScopes(Stream.map(scopes, (count) => count.scope)) : memory.export()
        const file = Option.getOrUndefined(out)
        const total = everyone || everywhere ? yield* countRows(scopes) : (yield* memory.stats()).kept
        const progress = makeProgress("Exporting", total, json || file === undefined)
        let count = 0
        const lines = Stream.concat(
          Stream.succeed(headLine(yield* Clock.currentTimeMillis)),
          Stream.concat(
            Stream.mapEffect(memories, (memory) => Effect.as(progress.show(++count), memoryLine(memory))),
            Stream.suspend(() => Stream.succeed(tailLine(count)))
          )
        )
        yield* Effect.ensuring(writeLines(file, lines), progress.end).pipe(
          Effect.onInterrupt(() => note("Interrupted. An incomplete export is not kept; run it again."))
        )
        if (file === undefined) return
        if (json) yield* print(json, { exported: count, file }, () => "")
        else yield* note(`Exported ${plural(count, "memory", "memories")} to ${file}.`)
      })
    )
  })
).pipe(
  Command.withDescription("Export memories as JSON lines, history included"),
  Command.withExamples([
    { command: "keepsake export --out memories.jsonl", description: "One user's memories, into a file" },
    {
      command: "keepsake export --everywhere > mine.jsonl",
      description: "All memories of a user with every agent"
    }
  ])
)
