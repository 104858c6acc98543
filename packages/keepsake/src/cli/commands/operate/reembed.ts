import { Embedder, type Fingerprint, fingerprint, type MemoryError, StoreAdmin } from "@keepsake/core"
import { describeFingerprint, payOwed, sameFingerprint } from "@keepsake/core/driver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { hideUrlSecrets } from "../../../config/hideSecrets.ts"
import { parseEmbedderSpec } from "../../../config/parseEmbedderSpec.ts"
import { plural } from "../../../plural.ts"
import { resolveEmbedder } from "../../../embedders/resolveEmbedder.ts"
import { allScopes } from "../../../interchange/scopes.ts"
import { reembedStore } from "../../../interchange/reembedStore.ts"
import { storeLayerAsFilled } from "../../../storeLayer.ts"
import { EXIT } from "../../exitCodes.ts"
import { columns, note, print } from "../../output/print.ts"
import { makeProgress } from "../../output/progress.ts"
import { settings } from "../../root.ts"
import { prose } from "../../output/text.ts"

const NOTHING_OWED = { failure: null, paid: 0, without: 0 }

const makeEmbedder = Effect.fnUntraced(function* (spec: string) {
  const provider = yield* Effect.flatMap(parseEmbedderSpec(spec), resolveEmbedder)
  if (provider === null) return null
  return Context.get(yield* Layer.build(Embedder.layer(provider, { cache: 0 })), Embedder)
})

/** Says how many memories have no vector, and exits with a code of its own then. */
const reportWithout = (total: number, without: number): Effect.Effect<void> =>
  without === 0
    ? Effect.void
    : Effect.andThen(
        Effect.sync(() => {
          process.exitCode = EXIT.incomplete
        }),
        note(
          `${total - without} of ${total} have vectors; ${without} ${without === 1 ? "has" : "have"} none: words alone find what the model cannot embed.`
        )
      )

/** A store that has this space already: its memories get the vectors that they are owed. */
const pay = Effect.fnUntraced(function* (
  embedder: Embedder["Service"] | null,
  space: Fingerprint,
  json: boolean
): Effect.fn.Return<void, MemoryError, StoreAdmin> {
  const admin = yield* StoreAdmin
  const { failure, paid, without } =
    embedder === null ? NOTHING_OWED : yield* payOwed(admin, embedder, Number.POSITIVE_INFINITY)
  if (failure !== null) return yield* failure
  yield* reportWithout(paid, without)
  yield* print(json, { moved: 0, paid, without }, () =>
    prose(
      `This store is already filled with ${describeFingerprint(space)}.${paid === 0 ? "" : ` ${plural(paid, "memory", "memories")} got the vectors that they were owed.`}`,
      columns()
    )
  )
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
      if (sameFingerprint(before, next)) return yield* pay(embedder, next, json)
      const total = yield* Stream.runFold(
        allScopes,
        () => 0,
        (sum, { rows }) => sum + rows
      )
      const progress = makeProgress("Embedding", total, json)
      const { moved, without } = yield* Effect.ensuring(
        reembedStore(next, embedder, progress.show),
        progress.end
      ).pipe(
        Effect.onInterrupt(() =>
          note("Interrupted. The store is as before, and what was embedded stays; run it again to continue.")
        )
      )
      yield* reportWithout(moved, without)
      return yield* print(json, { moved, without, from: before, to: next }, () =>
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
