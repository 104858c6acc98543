import { Embedder, fingerprint, type MemoryError, StoreAdmin } from "@keepsake/core"
import { describeFingerprint, sameFingerprint } from "@keepsake/core/driver"
import { Context, Effect, Layer, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { hideUrlSecrets } from "../../../config/hideSecrets.ts"
import { parseEmbedderSpec } from "../../../config/parseEmbedderSpec.ts"
import { plural } from "../../../plural.ts"
import { resolveEmbedder } from "../../../embedders/resolveEmbedder.ts"
import { allScopes } from "../../../interchange/scopes.ts"
import { reembedStore } from "../../../interchange/reembedStore.ts"
import { storeLayerAsFilled } from "../../../storeLayer.ts"
import { columns, note, print } from "../../output/print.ts"
import { makeProgress } from "../../output/progress.ts"
import { settings } from "../../root.ts"
import { prose } from "../../output/text.ts"

const makeEmbedder = Effect.fnUntraced(function* (spec: string) {
  const provider = yield* Effect.flatMap(parseEmbedderSpec(spec), resolveEmbedder)
  if (provider === null) return null
  return Context.get(yield* Layer.build(Embedder.layer(provider, { cache: 0 })), Embedder)
})

const moveStore = Effect.fnUntraced(function* (
  to: string,
  json: boolean
): Effect.fn.Return<void, MemoryError, StoreAdmin> {
  const admin = yield* StoreAdmin
  yield* Effect.scoped(
    Effect.gen(function* () {
      const embedder = yield* makeEmbedder(to)
      const next = fingerprint(embedder?.space ?? null)
      const before = yield* admin.fingerprint
      if (sameFingerprint(before, next)) {
        return yield* print(json, { moved: 0 }, () =>
          prose(`This store is already filled with ${describeFingerprint(next)}.`, columns())
        )
      }
      const total = yield* Stream.runFold(
        allScopes,
        () => 0,
        (sum, { rows }) => sum + rows
      )
      const progress = makeProgress("Embedding", total, json)
      const moved = yield* Effect.ensuring(reembedStore(next, embedder, progress.show), progress.end).pipe(
        Effect.onInterrupt(() =>
          note("Interrupted. The store is as before, and what was embedded stays; run it again to continue.")
        )
      )
      return yield* print(json, { moved, from: before, to: next }, () =>
        prose(
          `Moved ${plural(moved, "memory", "memories")} from [${describeFingerprint(before)}] to [${describeFingerprint(next)}]. Open this store with --embedder ${hideUrlSecrets(to)} from now on.`,
          columns()
        )
      )
    })
  )
})

export const reembed = Command.make(
  "reembed",
  {
    to: Flag.String("to").pipe(
      Flag.withDescription('The embedder to move to, or "none"'),
      Flag.withMetavar("embedder")
    )
  },
  Effect.fnUntraced(function* ({ to }) {
    const { config, json } = yield* settings
    yield* Effect.provide(moveStore(to, json), storeLayerAsFilled(config.store))
  })
).pipe(
  Command.withDescription(
    "Move a store to another embedder. The store serves meanwhile, and the old embedder is not needed. Run it again to continue an interrupted move"
  ),
  Command.withExamples([
    { command: "keepsake reembed --to lexical", description: "Give a store without vectors its first ones" },
    { command: "keepsake reembed --to none", description: "Back to keyword search alone" }
  ])
)
