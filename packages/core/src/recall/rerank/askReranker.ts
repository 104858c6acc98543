/** A reranker is asked within the call's deadline; that it fails costs its judgement and no answer. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Breaker } from "../../embedding/Breaker.ts"
import { MemoryError, RerankerFailed } from "../../memory/MemoryError.ts"
import { readTimeLeft, withinDeadline } from "../../runtime/deadline.ts"
import { isName } from "../../text/speakerNames.ts"
import type { Candidates, Winner } from "../Candidates.ts"
import type { Reranker } from "./Reranker.ts"

/** The share of what is left of a deadline: the answer without a reranker needs the rest. */
const DEADLINE_SHARE = 1 / 2

/** What most models read. */
const CHARACTERS_MAX = 2_000

/** Rows that are judged, at least, and as a rule at most. */
const ROWS_MIN = 20
const ROWS_MAX = 50

/** How many of the best rows are judged: twice as many as are wanted, 20 to 50, and never fewer than are wanted. */
export const countJudged = (limit: number): number =>
  Math.max(limit, Math.min(ROWS_MAX, Math.max(ROWS_MIN, 2 * limit)))

const tooSlow = (model: string, limitMs: number): MemoryError =>
  new MemoryError({
    reason: new RerankerFailed({
      message: `The reranker ${model} did not answer within ${Math.round(limitMs)} ms`,
      isRetryable: true,
      problem: "unreachable"
    })
  })

const clip = (text: string): string => text.slice(0, CHARACTERS_MAX).toWellFormed()

/** The excerpt that was read, after the name of who said it: a question may name someone. */
const toText = ({
  text: {
    excerpt: { memory }
  }
}: Winner): string => clip(isName(memory.speaker) ? `${memory.speaker}: ${memory.content}` : memory.content)

/** Why the reranker is not asked now; `null` when it is. */
export const findResting = (reranker: Reranker["Service"]): Effect.Effect<MemoryError | null> =>
  Effect.map(Clock.currentTimeMillis, (now) => Breaker.of(reranker).failureAt(now))

/** The reranker's logit of each winner, in their order: one request for each part of the message that they answer. */
const judge = Effect.fnUntraced(function* (reranker: Reranker["Service"], candidates: Candidates) {
  const byQuestion = Map.groupBy(candidates.winners().entries(), ([, winner]) => candidates.question(winner))
  const logits: Array<number> = []
  yield* Effect.forEach(
    byQuestion,
    ([question, placed]) =>
      Effect.map(
        reranker.rerank(
          clip(question),
          placed.map(([, winner]) => toText(winner))
        ),
        (judged) => {
          for (const [i, [place]] of placed.entries()) logits[place] = judged[i] ?? 0
        }
      ),
    { concurrency: "unbounded", discard: true }
  )
  return logits
})

/**
 * Asks, within `timeoutMs` and half of what is left of the call. A reranker that fails rests, unless it had less time
 * than is its own.
 */
export const askReranker = Effect.fnUntraced(function* (
  reranker: Reranker["Service"],
  candidates: Candidates
) {
  const limitMs = yield* Effect.withFiber<number>((fiber) => {
    const leftMs = readTimeLeft(fiber) ?? Number.POSITIVE_INFINITY
    return Effect.succeed(Math.min(reranker.timeoutMs, Math.max(0, leftMs) * DEADLINE_SHARE))
  })
  let wasHurried = false
  const result = yield* Effect.result(
    withinDeadline(judge(reranker, candidates), limitMs, () => {
      wasHurried = limitMs < reranker.timeoutMs
      return tooSlow(reranker.model, limitMs)
    })
  )
  const breaker = Breaker.of(reranker)
  if (Result.isSuccess(result)) breaker.close()
  else if (!wasHurried) breaker.open(result.failure, yield* Clock.currentTimeMillis)
  return result
})
