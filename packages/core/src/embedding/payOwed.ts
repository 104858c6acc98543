/** Gives rows the vectors that they are owed since the embedder failed. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { MemoryError } from "../memory/MemoryError.ts"
import { spanned } from "../runtime/spans.ts"
import { Deadline } from "../runtime/deadline.ts"
import { sleepInBackground } from "../runtime/background.ts"
import { warn } from "../runtime/warn.ts"
import type { OwedRow, StoreAdmin } from "../store/StoreAdmin.ts"
import { EMBEDDER_SHARE, embedTexts } from "./askEmbedder.ts"
import { Breaker, REST_MS } from "./Breaker.ts"
import type { Embedder } from "./Embedder.ts"

/** Rows per call, and calls per run: the rest waits for the next run. */
const ROWS = 32
const CALLS = 100

/** How often debts that other processes made are looked for. */
const PAY_EVERY = Duration.seconds(60)

/** How long the embedder may take for the rows of a call: nobody waits for them, and one that hangs is asked again. */
const EMBED_MS = 30_000

/** `embedTexts` gives the embedder a share of the deadline, and ends by itself. */
const embedWithin = (embedder: Embedder["Service"], texts: ReadonlyArray<string>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.provideService(embedTexts(embedder, texts), Deadline, now + EMBED_MS / EMBEDDER_SHARE)
  )

const toParts = ({ memory, spans }: OwedRow): ReadonlyArray<string> =>
  spans.map(({ end, start }) => memory.content.slice(start, end))

/** What became of owed vectors. */
export interface Paid {
  /** Rows that owe nothing any more. */
  readonly paid: number
  /** Those of which the model cannot embed all. */
  readonly without: number
  /** The embedder's, when it ended the payment. */
  readonly failure: MemoryError | null
  /** Whether some rows are left. */
  readonly isLeft: boolean
}

/** Pays rows that are owed vectors, up to `calls` times 32; a text that the model cannot embed stays without. */
export const payOwed = Effect.fnUntraced(function* (
  admin: StoreAdmin["Service"],
  embedder: Embedder["Service"],
  calls: number = CALLS
): Effect.fn.Return<Paid, MemoryError> {
  let paid = 0
  let without = 0
  for (let call = 0; call < calls; call++) {
    const rows = yield* admin.owed({ limit: ROWS })
    if (rows.length === 0) return { paid, without, failure: null, isLeft: false }
    const { failure, vectors } = yield* embedWithin(embedder, rows.flatMap(toParts))
    const complete = rows.flatMap((row) => {
      const parts = toParts(row)
      return parts.every((text) => vectors.has(text))
        ? [
            {
              scope: row.memory.scope,
              id: row.memory.id,
              vectors: parts.map((text) => vectors.get(text) ?? null)
            }
          ]
        : []
    })
    if (complete.length > 0) paid += yield* admin.payOwed(complete)
    without += complete.filter((row) => row.vectors.includes(null)).length
    if (failure !== null) return { paid, without, failure, isLeft: true }
    if (rows.length < ROWS) return { paid, without, failure: null, isLeft: false }
  }
  return { paid, without, failure: null, isLeft: true }
})

/** Pays in the background until the scope closes; the function returned tells it of new debts. */
export const payInBackground = Effect.fnUntraced(function* (
  admin: StoreAdmin["Service"],
  embedder: Embedder["Service"]
): Effect.fn.Return<() => void, never, Scope.Scope> {
  const due = Latch.makeUnsafe(true)
  let isLeft = false
  const run = Effect.gen(function* () {
    yield* due.close
    const result = yield* spanned(payOwed(admin, embedder), "keepsake.payOwed", {
      "db.system.name": admin.backend
    })
    ;({ isLeft } = result)
  }).pipe(
    // A defect as well: one odd row must not end the payment of all others.
    Effect.catchCause((cause) => warn("Owed vectors could not be paid; trying again later", cause))
  )
  const pause = Effect.suspend(() =>
    Effect.raceFirst(due.await, sleepInBackground(isLeft ? Duration.millis(REST_MS) : PAY_EVERY))
  )
  yield* Effect.acquireRelease(
    Effect.sync(() => Breaker.of(embedder).onClose(() => due.openUnsafe())),
    (stop) => Effect.sync(stop)
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(run, pause)))
  return () => {
    if (isLeft) return
    isLeft = true
    due.openUnsafe()
  }
})
