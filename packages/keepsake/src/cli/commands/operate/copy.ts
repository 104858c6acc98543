import { existsSync } from "node:fs"
import { type Fingerprint, StoreAdmin } from "@keepsake/core"
import { describeFingerprint, invalidInput, sameFingerprint, TOKENISER } from "@keepsake/core/driver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { plural } from "../../../plural.ts"
import { resolveConfig } from "../../../config/resolveConfig.ts"
import { copyStore } from "../../../interchange/copyStore.ts"
import { allScopes } from "../../../interchange/scopes.ts"
import { storeLayer, storeLayerAsFilled } from "../../../storeLayer.ts"
import { columns, note, print } from "../../output/print.ts"
import { makeProgress } from "../../output/progress.ts"
import { settings } from "../../root.ts"
import { prose } from "../../output/text.ts"

/** Opening a file that does not exist would create it. */
const checkSource = Effect.fnUntraced(function* (from: string) {
  const { store } = yield* resolveConfig(from)
  if ("backend" in store && store.backend === "hnsw" && !existsSync(store.path))
    return yield* invalidInput("from", `the file ${store.path} does not exist`)
  return undefined
})

/** Without an embedder, rows can only be copied unchanged, or into a store without vectors. */
const checkSpace = Effect.fnUntraced(function* (source: Fingerprint, to: Context.Context<StoreAdmin>) {
  const target = yield* Context.get(to, StoreAdmin).fingerprint
  // Terms are computed for the target.
  const sameVectors = sameFingerprint({ ...source, tokeniser: target.tokeniser }, target)
  if (target.embedding === null || sameVectors) return undefined
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
      Flag.withDescription('Embed with this one, or "none"; by default vectors are copied'),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ from, to, toEmbedder }) {
    const { json } = yield* settings
    if (from === to) return yield* invalidInput("to", "is the same store as --from; name another")
    yield* checkSource(from)
    return yield* Effect.scoped(
      Effect.gen(function* () {
        const source = yield* Layer.build(storeLayerAsFilled(from))
        const filledWith = yield* Context.get(source, StoreAdmin).fingerprint
        const target = yield* Layer.build(
          Option.isSome(toEmbedder)
            ? storeLayer({ store: to, embedder: toEmbedder.value })
            : storeLayerAsFilled(to, { ...filledWith, tokeniser: TOKENISER })
        )
        if (Option.isNone(toEmbedder)) yield* checkSpace(filledWith, target)
        const total = yield* Stream.runFold(
          Stream.provideContext(allScopes, source),
          () => 0,
          (sum, { rows }) => sum + rows
        )
        const progress = makeProgress("Copying", total, json)
        const counts = yield* Effect.ensuring(copyStore(source, target, progress.show), progress.end).pipe(
          Effect.onInterrupt(() => note("Interrupted. What was copied stays; run it again to continue."))
        )
        const backendName = (store: Context.Context<StoreAdmin>) => Context.get(store, StoreAdmin).backend
        yield* print(json, counts, () =>
          prose(
            `Copied ${plural(counts.copied, "memory", "memories")} in ${plural(counts.scopes, "scope")} from ${backendName(source)} to ${backendName(target)}` +
              `${counts.known > 0 ? `; already there: ${counts.known}` : ""}. Counted in both stores: ${counts.rows}.`,
            columns()
          )
        )
      })
    )
  })
).pipe(
  Command.withDescription(
    "Copy every memory of every user unchanged to another store, then count both. Run it again to continue an interrupted copy"
  ),
  Command.withExamples([
    { command: "keepsake copy --from file:./memory.db --to file:./copy.db", description: "A second file" },
    {
      command: "keepsake copy --from file:./memory.db --to qdrant+http://localhost:6333",
      description: "Move to a server"
    }
  ])
)
