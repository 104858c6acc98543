import { MemoryError } from "@keepsake/core"
import { Duration, Effect } from "effect"
import { type Degradation, reasonOf, type WriteOutcome } from "../events.ts"
import type { WriteJob } from "../writing/attemptWrite.ts"
import type { WritingPolicy } from "../writing/WritingPolicy.ts"
import { degrade, fenceOf, report, type SessionParts } from "./SessionServices.ts"

/** An exchange to be written. */
export interface PendingExchange {
  /** Among those of this session; see `Conversation.turnOf`. */
  readonly place: number
  readonly user: string
  /** Without what was recalled. */
  readonly assistant: string
  readonly fence: number
  readonly saidAt: number
}

/** A write under way. */
export interface Write {
  readonly policy: WritingPolicy
  readonly outcome: Effect.Effect<WriteOutcome>
}

const jobOf = (
  parts: SessionParts,
  policy: WritingPolicy,
  { place, ...exchange }: PendingExchange
): WriteJob => {
  const { client, conversation, memory, sessionId, userId } = parts
  const scratch = new Map<string, unknown>()
  const isVoid = (): boolean => fenceOf(memory) !== exchange.fence
  return {
    policy: policy.name,
    lane: policy.awaited ? null : userId,
    isVoid,
    onRetry: (attempt, error) => report(parts, { type: "writeRetry", policy: policy.name, attempt, error }),
    onOutcome: (outcome) => report(parts, { type: "written", outcome }),
    run: async (signal, isLastAttempt) => {
      const turn = await conversation.turnOf(place, signal)
      try {
        return await policy.write({
          ...exchange,
          memory,
          sessionId,
          turn,
          signal,
          client: client(),
          scratch,
          isLastAttempt
        })
      } catch (error) {
        const isTaken = error instanceof MemoryError && error.reason._tag === "Conflict" && !isVoid()
        if (isTaken) await conversation.moveBehind(place, signal)
        throw error
      }
    }
  }
}

/** Hands the exchange to every policy. */
export const beginWrites = (
  parts: SessionParts,
  exchange: PendingExchange
): Effect.Effect<ReadonlyArray<Write>> =>
  Effect.forEach(parts.settings.policies, (policy) =>
    Effect.map(parts.writer.submit(jobOf(parts, policy, exchange)), (outcome) => ({ policy, outcome }))
  )

export const outcomesOf = (writes: ReadonlyArray<Write>): Effect.Effect<ReadonlyArray<WriteOutcome>> =>
  Effect.all(
    writes.map(({ outcome }) => outcome),
    { concurrency: "unbounded" }
  )

export interface Settled {
  readonly outcomes: ReadonlyArray<WriteOutcome>
  readonly degraded: ReadonlyArray<Degradation>
}

/** Waits for the awaited policies as long as memory may hold up the turn; what is not done by then goes on. */
export const settleWrites = (
  parts: SessionParts,
  writes: ReadonlyArray<Write>,
  leftMs: number
): Effect.Effect<Settled> => {
  const awaited = writes.filter(({ policy }) => policy.awaited)
  const late = (): Settled => {
    const names = awaited.map(({ policy }) => policy.name).join(", ")
    const message = `${names}: not stored yet; it is being retried in the background, see result.written`
    return { outcomes: [], degraded: [degrade(parts, "write", "Timeout", message)] }
  }
  const inTime = (outcomes: ReadonlyArray<WriteOutcome>): Settled => ({
    outcomes,
    degraded: outcomes
      .filter(({ status }) => status === "failed")
      .map(({ error, policy }) =>
        degrade(
          parts,
          "write",
          reasonOf(error),
          `${policy}: not stored (${reasonOf(error)}); see result.written`
        )
      )
  })
  return Effect.map(outcomesOf(awaited), inTime).pipe(
    Effect.timeoutOrElse({ duration: Duration.millis(leftMs), orElse: () => Effect.sync(late) })
  )
}
