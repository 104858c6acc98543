/** Moves a store to another embedding space while it serves the old one. */
import { Embedder, type Fingerprint, MemoryError, StoreAdmin } from "@keepsake/core"
import { encodePassages } from "@keepsake/core/driver"
import { Effect } from "effect"

/** Rows per step; an interrupted move keeps the steps that are done. */
const BATCH = 128

/**
 * Fills the space of `next`, then switches to it. `embedder` is `null` for a store without vectors. A second
 * call continues an interrupted move; rows written meanwhile are filled too.
 */
export const reembedStore = Effect.fnUntraced(function* (
  next: Fingerprint,
  embedder: Embedder["Service"] | null,
  show: (done: number) => Effect.Effect<void>
): Effect.fn.Return<number, MemoryError, StoreAdmin> {
  const admin = yield* StoreAdmin
  yield* admin.stage(next)
  let filled = 0
  const fill = Effect.gen(function* () {
    for (;;) {
      const rows = yield* admin.unstaged({ limit: BATCH })
      if (rows.length === 0) return
      const texts = rows.map(({ content }) => content)
      const encoded = yield* encodePassages(embedder, next, texts, "skip")
      yield* admin.fillStage(
        rows.flatMap(({ id, scope }, i) => {
          const passages = encoded[i]
          return passages === undefined ? [] : [{ scope, id, ...passages }]
        })
      )
      filled += rows.length
      yield* show(filled)
      // A page that is not full is the last; rows written from now on wait for the next round.
      if (rows.length < BATCH) return
    }
  })
  // A row written between the last page and the switch is a Conflict: fill it and switch again. Under a
  // steady stream of writes, one of the rounds meets a pause.
  const move = Effect.andThen(fill, admin.commitStage)
  yield* Effect.retry(move, { times: 100, while: (error) => error.reason._tag === "Conflict" })
  return filled
})
