import { existsSync } from "node:fs"
import { type Fingerprint, StoreAdmin } from "@keepsake/core"
import { describeFingerprint, invalidInput, sameFingerprint, TOKENISER } from "@keepsake/core/driver"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { plural } from "../../../plural.ts"
import { resolveConfig } from "../../../config/resolveConfig.ts"
import { copyStore } from "../../../interchange/copyStore.ts"
import { allScopes } from "../../../interchange/scopes.ts"
import { storeLayerAsFilled, storeLayer } from "../../../openMemory.ts"
import { columns, makeProgress, print } from "../../output/print.ts"
import { settings } from "../../root.ts"
import { prose } from "../../output/text.ts"

/** A source that a typo names would be made, empty, by opening it. */
const checkSource = Effect.fnUntraced(function* (from: string) {
  const { store } = yield* resolveConfig(from)
  if ("backend" in store && store.backend === "hnsw" && !existsSync(store.path))
    return yield* invalidInput("from", `there is no file ${store.path}`)
  return undefined
})

/** Without an embedder, rows can be copied as they are, or made anew for a store by words alone. */
const checkSpace = Effect.fnUntraced(function* (source: Fingerprint, to: Context.Context<StoreAdmin>) {
  const target = yield* Context.get(to, StoreAdmin).fingerprint
  const byWords = target.embedding === null && target.tokeniser === TOKENISER
  if (byWords || sameFingerprint(source, target)) return undefined
  return yield* invalidInput(
    "to-embedder",
    `the target was filled with [${describeFingerprint(target)}], the source with [${describeFingerprint(source)}]. Name the target's embedder, or copy into an empty store`
  )
})

export const copy = Command.make(
  "copy",
  {
    from: Flag.String("from").pipe(Flag.withDescription("The store to read"), Flag.withMetavar("url")),
    to: Flag.String("to").pipe(Flag.withDescription("The store to write"), Flag.withMetavar("url")),
    toEmbedder: Flag.String("to-embedder").pipe(
      Flag.withDescription('Embed anew with this one, or "none"; vectors are copied unless given'),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ from, to, toEmbedder }) {
    const { json } = yield* settings
    if (from === to) return yield* invalidInput("to", "is the store it would be read from; name another")
    yield* checkSource(from)
    return yield* Effect.scoped(
      Effect.gen(function* () {
        const source = yield* Layer.build(storeLayerAsFilled(from))
        const filledWith = yield* Context.get(source, StoreAdmin).fingerprint
        const target = yield* Layer.build(
          Option.isSome(toEmbedder)
            ? storeLayer({ store: to, embedder: toEmbedder.value })
            : storeLayerAsFilled(to, filledWith)
        )
        if (Option.isNone(toEmbedder)) yield* checkSpace(filledWith, target)
        const total = yield* Stream.runFold(
          Stream.provideContext(allScopes, source),
          () => 0,
          (sum, { rows }) => sum + rows
        )
        const progress = makeProgress("Copying", total, json)
        const copied = yield* Effect.ensuring(copyStore(source, target, progress.show), progress.end)
        const backend = (store: Context.Context<StoreAdmin>) => Context.get(store, StoreAdmin).backend
        yield* print(json, copied, () =>
          prose(
            `Copied ${plural(copied.copied, "memory", "memories")} in ${plural(copied.scopes, "scope")} from ${backend(source)} to ${backend(target)}` +
              `${copied.known > 0 ? `; ${copied.known} were there already` : ""}. Both sides counted: ${copied.rows}.`,
            columns()
          )
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
