import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { toMetadata, metaFlag, sourceFlag, timeFlag, typeFlag } from "../../filter.ts"
import { print } from "../../output/print.ts"
import { readStdin } from "../../stdin.ts"
import { withMemory } from "../../withMemory.ts"

export const remember = Command.make(
  "remember",
  {
    text: Argument.String("text").pipe(
      Argument.withDescription('What to remember; "-" reads it from standard input')
    ),
    type: typeFlag.pipe(Flag.withDescription("The kind of memory"), Flag.withDefault("episodic" as const)),
    source: sourceFlag.pipe(Flag.withDescription("Who stated it"), Flag.withDefault("user" as const)),
    speaker: Flag.String("speaker").pipe(
      Flag.withDescription("Who said it, if several people talk"),
      Flag.optional
    ),
    session: Flag.String("session").pipe(
      Flag.withDescription("The conversation in which it was said"),
      Flag.optional
    ),
    importance: Flag.Finite("importance").pipe(Flag.withDescription("0 to 1; 0.5 by default"), Flag.optional),
    pin: Flag.Boolean("pin").pipe(
      Flag.withDescription("Always part of the context"),
      Flag.withDefault(false)
    ),
    ttlDays: Flag.Int("ttl-days").pipe(Flag.withDescription("Forget it after this many days"), Flag.optional),
    saidAt: timeFlag("said-at").pipe(
      Flag.withDescription("When it was said, such as 2026-01-31T12:00:00Z; now by default"),
      Flag.optional
    ),
    key: Flag.String("key").pipe(
      Flag.withDescription("Your own name for it: the same key is the same memory"),
      Flag.optional
    ),
    meta: metaFlag
  },
  Effect.fnUntraced(function* (flags) {
    const content = flags.text === "-" ? yield* readStdin : flags.text
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const remembered = yield* memory.remember({
          content,
          type: flags.type,
          source: flags.source,
          speaker: Option.getOrUndefined(flags.speaker),
          sessionId: Option.getOrUndefined(flags.session),
          importance: Option.getOrUndefined(flags.importance),
          pinned: flags.pin,
          ttlDays: Option.getOrUndefined(flags.ttlDays),
          saidAt: Option.getOrUndefined(flags.saidAt),
          key: Option.getOrUndefined(flags.key),
          metadata: toMetadata(flags.meta)
        })
        yield* print(json, remembered, () =>
          remembered.id === null ? "Not kept." : `Remembered as ${remembered.id} (${remembered.outcome}).`
        )
      })
    )
  })
).pipe(
  Command.withDescription("Remember a statement"),
  Command.withExamples([
    {
      command: 'keepsake remember "Ana builds a freight SaaS" --type semantic',
      description: "Remember a fact"
    },
    { command: 'keepsake remember "The code is 4711" --ttl-days 7', description: "Remember it for a week" }
  ])
)
