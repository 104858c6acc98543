import { createWriteStream, existsSync, statSync } from "node:fs"
import { rename, rm } from "node:fs/promises"
import { once } from "node:events"
import { dirname, resolve } from "node:path"
import { finished } from "node:stream/promises"
import { MemoryError, type Scope, StorageFull } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { Clock, Effect, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { headLine, memoryLine, tailLine } from "../../../interchange/exportFormat.ts"
import { allScopes, memoryOfScope } from "../../../interchange/scopes.ts"
import { makeProgress, note } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

const writeFailed = (cause: unknown): MemoryError =>
  new MemoryError({
    reason: new StorageFull({
      message: `The export could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause
    })
  })

/** Under what name the lines are written: beside a file, and then given its name; straight to a device or a pipe. */
const placeOf = (out: string): Effect.Effect<string, MemoryError> =>
  Effect.suspend(() => {
    const there = statSync(out, { throwIfNoEntry: false })
    if (there?.isDirectory() === true)
      return Effect.fail(invalidInput("out", `${out} is a folder; name a file`))
    if (there !== undefined && !there.isFile()) return Effect.succeed(out)
    return existsSync(dirname(resolve(out)))
      ? Effect.succeed(`${out}.partial`)
      : Effect.fail(invalidInput("out", `there is no folder ${dirname(out)}; make it first`))
  })

/** Lines into a file or standard output; a file appears under its name only when it is whole, for this account alone. */
const writeLines = <R>(out: string | undefined, lines: Stream.Stream<string, MemoryError, R>) =>
  Effect.gen(function* () {
    const place = out === undefined ? undefined : yield* placeOf(out)
    const file = place === undefined ? process.stdout : createWriteStream(place, { mode: 0o600 })
    const writing = Effect.gen(function* () {
      yield* Stream.runForEach(lines, (line) =>
        Effect.tryPromise({
          try: async () => {
            if (!file.write(`${line}\n`)) await once(file, "drain")
          },
          catch: writeFailed
        })
      )
      if (out === undefined || place === undefined) return
      yield* Effect.tryPromise({
        try: async () => {
          file.end()
          await finished(file)
          if (place !== out) await rename(place, out)
        },
        catch: writeFailed
      })
    })
    yield* Effect.onError(writing, () =>
      place === undefined || place === out
        ? Effect.void
        : Effect.promise(async () => rm(place, { force: true }))
    )
  })

const exportOf = <R>(scopes: Stream.Stream<Scope, MemoryError, R>) =>
  Stream.flatMap(scopes, (scope) =>
    Stream.unwrap(Effect.map(memoryOfScope(scope), (memory) => memory.export()))
  )

export const exportCommand = Command.make(
  "export",
  {
    out: Flag.String("out").pipe(
      Flag.withDescription("The file to write; standard output unless given"),
      Flag.optional
    ),
    everywhere: Flag.Boolean("everywhere").pipe(
      Flag.withDescription("This user with every agent"),
      Flag.withDefault(false)
    ),
    everyone: Flag.Boolean("everyone").pipe(
      Flag.withDescription("Every user of the store"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ everyone, everywhere, out }) {
    if (everyone && everywhere)
      return yield* invalidInput("everyone", "is more than --everywhere; give one of them")
    return yield* withMemory((memory, { json, scope }) =>
      Effect.gen(function* () {
        const scopes = Stream.filter(
          Stream.map(allScopes, (one) => one.scope),
          ({ userId }) => everyone || userId === scope.userId
        )
        const memories = everyone || everywhere ? exportOf(scopes) : memory.export()
        const file = Option.getOrUndefined(out)
        const progress = makeProgress("Exporting", null, json || file === undefined)
        let count = 0
        const lines = Stream.concat(
          Stream.succeed(headLine(yield* Clock.currentTimeMillis)),
          Stream.concat(
            Stream.mapEffect(memories, (one) => Effect.as(progress.show(++count), memoryLine(one))),
            Stream.suspend(() => Stream.succeed(tailLine(count)))
          )
        )
        yield* writeLines(file, lines)
        yield* progress.end
        if (file !== undefined) yield* note(`Exported ${count} memories to ${file}.`)
      })
    )
  })
).pipe(
  Command.withDescription("Export memories as JSON lines, history included"),
  Command.withExamples([
    { command: "keepsake export --out memories.jsonl", description: "One user's memories, into a file" },
    {
      command: "keepsake export --everywhere > mine.jsonl",
      description: "Everything of a user, of every agent"
    }
  ])
)
