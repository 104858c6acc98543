import { invalidInput, StoreAdmin } from "@keepsake/core"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { copyStore } from "../../interchange/copyStore.ts"
import { allScopes } from "../../interchange/scopes.ts"
import { storeOnlyLayer } from "../../openMemory.ts"
import { makeProgress, print } from "../output.ts"
import { settings } from "../root.ts"

export const copy = Command.make(
  "copy",
  {
    from: Flag.String("from").pipe(Flag.withDescription("The store to read"), Flag.withMetavar("url")),
    to: Flag.String("to").pipe(Flag.withDescription("The store to write"), Flag.withMetavar("url")),
    toEmbedder: Flag.String("to-embedder").pipe(
      Flag.withDescription("The target's embedder, where it is not the source's (--embedder)"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ from, to, toEmbedder }) {
    const { config, json } = yield* settings
    if (from === to) return yield* invalidInput("to", "is the store it would be read from; name another")
    const { embedder } = config
    return yield* Effect.scoped(
      Effect.gen(function* () {
        const source = yield* Layer.build(storeOnlyLayer({ store: from, embedder }))
        const target = yield* Layer.build(
          storeOnlyLayer({ store: to, embedder: Option.getOrElse(toEmbedder, () => embedder) })
        )
        const total = yield* Stream.runFold(
          Stream.provideContext(allScopes, source),
          () => 0,
          (sum, { rows }) => sum + rows
        )
        const progress = makeProgress("Copying", total, json)
        const copied = yield* Effect.ensuring(copyStore(source, target, progress.show), progress.end)
        const backend = (store: Context.Context<StoreAdmin>) => Context.get(store, StoreAdmin).backend
        yield* print(
          json,
          copied,
          () =>
            `Copied ${copied.copied} memories in ${copied.scopes} scopes from ${backend(source)} to ${backend(target)}` +
            `${copied.known > 0 ? `; ${copied.known} were there already` : ""}. Both sides counted: ${copied.rows}.`
        )
      })
    )
  })
).pipe(
  Command.withDescription(
    "Copy every memory of every user to another store, as it is. Stopped, it goes on where it was; at the end both sides are counted"
  ),
  Command.withExamples([
    { command: "keepsake copy --from file:./memory.db --to file:./copy.db", description: "A second file" },
    {
      command: "keepsake copy --from file:./memory.db --to qdrant+http://localhost:6333",
      description: "Move to a server"
    }
  ])
)
