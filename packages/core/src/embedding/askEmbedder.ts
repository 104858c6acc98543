/** An embedder is asked within the call's deadline; that it fails costs vectors and no call. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { EmbedderFailed, MemoryError } from "../memory/MemoryError.ts"
import { readTimeLeft, withinDeadline } from "../runtime/deadline.ts"
import { Breaker } from "./Breaker.ts"
import type { EmbedPurpose, Embedder } from "./Embedder.ts"

/** The share of what is left of a deadline that goes to the embedder: the store needs the rest. */
export const EMBEDDER_SHARE = 1 / 2

/** The failure of an embedder that took longer than it was given. */
export const tooSlow = (model: string, limitMs: number): MemoryError =>
  new MemoryError({
    reason: new EmbedderFailed({
      message: `The embedder ${model} did not answer within ${Math.round(limitMs)} ms`,
      isRetryable: true,
      problem: "unreachable"
    })
  })

/** Asks until `until`, unless the embedder rests. */
const ask = Effect.fnUntraced(function* (
  embedder: Embedder["Service"],
  texts: ReadonlyArray<string>,
  purpose: EmbedPurpose,
  until: number | null
) {
  const now = yield* Clock.currentTimeMillis
  const breaker = Breaker.of(embedder)
  const resting = breaker.failureAt(now)
  if (resting !== null) return Result.fail(resting)
  const embedding = embedder.embed(texts, purpose)
  const limitMs = until === null ? null : Math.max(0, until - now)
  const result = yield* Effect.result(
    limitMs === null
      ? embedding
      : withinDeadline(embedding, limitMs, () => tooSlow(embedder.space.model, limitMs))
  )
  if (Result.isSuccess(result)) breaker.close()
  return result
})

/** Whether a text may be what the embedder fails at: a service that is down or refuses everyone says so. */
const mayBeTheText = ({ reason }: MemoryError): boolean =>
  reason._tag === "EmbedderFailed" && reason.problem === undefined

/** An embedder that is set up for another space than the store's never comes to work: nothing goes on without it. */
export const isWrongEmbedder = ({ reason }: MemoryError): boolean =>
  reason._tag === "EmbedderFailed" && reason.problem === "wrongDimensions"

/** A text that every model embeds, and no cache holds. */
const toProbe = (now: number): string => `Good morning (${now})`

/** Whether the embedder fails at these texts alone: at any other text it does not. Opens the breaker otherwise. */
const isTextsFault = Effect.fnUntraced(function* (
  embedder: Embedder["Service"],
  failure: MemoryError,
  purpose: EmbedPurpose,
  until: number | null
) {
  const now = yield* Clock.currentTimeMillis
  if (mayBeTheText(failure)) {
    const probe = yield* ask(embedder, [toProbe(now)], purpose, until)
    if (Result.isSuccess(probe)) return true
  }
  const breaker = Breaker.of(embedder)
  if (breaker.failureAt(now) === null) breaker.open(failure, yield* Clock.currentTimeMillis)
  return false
})

const readUntil = Effect.withFiber<number | null>((fiber) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const leftMs = readTimeLeft(fiber)
    return leftMs === null ? null : now + Math.max(0, leftMs) * EMBEDDER_SHARE
  })
)

/** Vectors of texts, as far as there are any. */
export interface Embedded {
  /** `null` for a text that has no vector and will have none; nothing for one whose vector is still to come. */
  readonly vectors: ReadonlyMap<string, Float32Array | null>
  /** Why some are still to come: the embedder failed. */
  readonly failure: MemoryError | null
  /** Why some texts have none, unless the model has nothing to say about them. */
  readonly refusal: MemoryError | null
}

/** Embeds texts that are to be kept. A batch that fails at a text is halved down to that text. */
export const embedTexts = Effect.fnUntraced(function* (
  embedder: Embedder["Service"],
  texts: ReadonlyArray<string>
) {
  const until = yield* readUntil
  const vectors = new Map<string, Float32Array | null>()
  let failure: MemoryError | null = null
  let refusal: MemoryError | null = null
  let answers = false
  const queue: Array<ReadonlyArray<string>> = [Array.from(new Set(texts))]
  for (let batch = queue.pop(); batch !== undefined && failure === null; batch = queue.pop()) {
    let result = yield* ask(embedder, batch, "document", until)
    if (Result.isFailure(result) && !mayBeTheText(result.failure)) answers = false
    if (Result.isFailure(result) && !answers) {
      if (!(yield* isTextsFault(embedder, result.failure, "document", until))) {
        failure = result.failure
        break
      }
      answers = true
      // A fault of the moment is not the text's.
      if (batch.length === 1) result = yield* ask(embedder, batch, "document", until)
    }
    if (Result.isSuccess(result)) {
      answers = true
      for (const [i, text] of batch.entries()) vectors.set(text, result.success[i] ?? null)
    } else if (batch.length === 1) {
      refusal = result.failure
      vectors.set(batch[0] ?? "", null)
    } else {
      const middle = Math.ceil(batch.length / 2)
      queue.push(batch.slice(middle), batch.slice(0, middle))
    }
  }
  return { vectors, failure, refusal } satisfies Embedded
})

/** The vectors of questions, `undefined` for one without; or why there are none. */
export const embedQuestions = Effect.fnUntraced(function* (
  embedder: Embedder["Service"],
  texts: ReadonlyArray<string>
): Effect.fn.Return<{
  readonly vectors: ReadonlyArray<Float32Array | undefined>
  readonly failure: MemoryError | null
}> {
  const until = yield* readUntil
  const result = yield* ask(embedder, texts, "query", until)
  if (Result.isSuccess(result))
    return { vectors: result.success.map((vector) => vector ?? undefined), failure: null }
  yield* isTextsFault(embedder, result.failure, "query", until)
  return { vectors: [], failure: result.failure }
})
