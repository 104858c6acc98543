import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { completeId } from "../../completeIds.ts"
import { metaFlag, timeFlag, toMetadata } from "../../filter.ts"
import { memoryDetails } from "../../output/memoryTable.ts"
import { print } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

export const update = Command.make(
  "update",
  {
    id: Argument.String("id").pipe(Argument.withDescription("The memory, or the beginning of its id")),
    importance: Flag.Finite("importance").pipe(Flag.withDescription("0 to 1"), Flag.optional),
    pin: Flag.Boolean("pin").pipe(
      Flag.withDescription("Always part of the context; --no-pin ends it"),
      Flag.optional
    ),
    ttlDays: Flag.Int("ttl-days").pipe(
      Flag.withDescription("Forget it this many days from now"),
      Flag.optional
    ),
    expiresAt: timeFlag("expires-at").pipe(
      Flag.withDescription("Forget it then, such as 2026-12-31T00:00:00Z"),
      Flag.optional
    ),
    forever: Flag.Boolean("forever").pipe(Flag.withDescription("Never forget it"), Flag.withDefault(false)),
    meta: metaFlag
  },
  Effect.fnUntraced(function* ({ expiresAt, forever, id: prefix, importance, meta, pin, ttlDays }) {
    if (forever && (Option.isSome(expiresAt) || Option.isSome(ttlDays)))
      return yield* invalidInput("forever", "contradicts --ttl-days and --expires-at; give one of them")
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const id = yield* completeId(memory, prefix)
        const updated = yield* memory.update(id, {
          importance: Option.getOrUndefined(importance),
          pinned: Option.getOrUndefined(pin),
          ttlDays: Option.getOrUndefined(ttlDays),
          expiresAt: forever ? null : Option.getOrUndefined(expiresAt),
          metadata: toMetadata(meta)
        })
        yield* print(json, updated, () => memoryDetails(updated))
      })
    )
  })
).pipe(
  Command.withDescription(
    "Change how long a memory lasts, its importance, pin or metadata. Its text never changes: see supersede"
  ),
  Command.withExamples([
    { command: "keepsake update 1a2b3c4d --pin", description: "Always part of the context" },
    { command: "keepsake update 1a2b3c4d --ttl-days 30", description: "Forget it in a month" }
  ])
)
