/** Moves a store to another embedding space while it serves the old one. */
import { Embedder, type Fingerprint, MemoryError, StoreAdmin } from "@keepsake/core"
import { encodePassages, lacksVector } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"

/** Rows per step; an interrupted move keeps the steps that are done. */
const BATCH = 256

/** How many memories a move filled. */
export interface Moved {
  readonly moved: number
  /** Those of which the model cannot embed all: words alone find what has no vector. */
  readonly without: number
}

/**
 * Fills the space of `next`, then switches to it. `embedder` is `null` for a store without vectors. A second
 * call continues an interrupted move; rows written meanwhile are filled too.
 */
export const reembedStore = Effect.fnUntraced(function* (
  next: Fingerprint,
  embedder: Embedder["Service"] | null,
  show: (done: number) => Effect.Effect<void>
): Effect.fn.Return<Moved, MemoryError, StoreAdmin> {
  const admin = yield* StoreAdmin
  yield* admin.stage(next)
  let filled = 0
  let without = 0
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
      if (embedder !== null) without += encoded.filter(lacksVector).length
      yield* show(filled)
      // A page that is not full is the last; rows written from now on wait for the next round.
      if (rows.length < BATCH) return
    }
  })
  // A row written between the last page and the switch is a Conflict: fill it and switch again. Under a
  // steady stream of writes, one of the rounds meets a pause.
  const move = Effect.andThen(fill, admin.commitStage)
  yield* Effect.retry(move, { times: 100, while: (error) => error.reason._tag === "Conflict" })
  return { moved: filled, without }
})
