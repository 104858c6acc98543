import { MemoryError } from "@keepsake/core"
import { Duration, Effect } from "effect"
import { type Degradation, readReason, type WriteOutcome } from "../events.ts"
import type { WriteJob } from "../writing/attemptWrite.ts"
import type { WritingPolicy } from "../writing/WritingPolicy.ts"
import { readFence } from "./readFence.ts"
import { degrade, report } from "./report.ts"
import type { SessionServices } from "./SessionServices.ts"

/** An exchange to be written. */
export interface PendingExchange {
  /** Its number among the exchanges of this session object; see `Conversation.turnAt`. */
  readonly exchangeIndex: number
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

const toWriteJob = (
  services: SessionServices,
  policy: WritingPolicy,
  { exchangeIndex, ...exchange }: PendingExchange
): WriteJob => {
  const { client, conversation, ownMemory: memory, sessionId, userId } = services
  const scratch = new Map<string, unknown>()
  const isVoid = (): boolean => readFence(memory) !== exchange.fence
  return {
    policy: policy.name,
    queueKey: policy.awaited ? null : userId,
    isVoid,
    onRetry: (attempt, error) =>
      report(services, { type: "writeRetry", policy: policy.name, attempt, error }),
    onOutcome: (outcome) => report(services, { type: "written", outcome }),
    run: async (signal, isLastAttempt) => {
      const turn = await conversation.turnAt(exchangeIndex, signal)
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
        const isTurnTaken = error instanceof MemoryError && error.reason._tag === "Conflict" && !isVoid()
        if (isTurnTaken) await conversation.renumberFrom(exchangeIndex, signal)
        throw error
      }
    }
  }
}

/** Submits the exchange to every policy. */
export const beginWrites = (
  services: SessionServices,
  exchange: PendingExchange
): Effect.Effect<ReadonlyArray<Write>> =>
  Effect.forEach(services.settings.policies, (policy) =>
    Effect.map(services.writeQueue.submit(toWriteJob(services, policy, exchange)), (outcome) => ({
      policy,
      outcome
    }))
  )

export const awaitOutcomes = (writes: ReadonlyArray<Write>): Effect.Effect<ReadonlyArray<WriteOutcome>> =>
  Effect.all(
    writes.map(({ outcome }) => outcome),
    { concurrency: "unbounded" }
  )

export interface SettledWrites {
  readonly outcomes: ReadonlyArray<WriteOutcome>
  readonly degraded: ReadonlyArray<Degradation>
}

/** Waits up to `timeoutMs` for the awaited policies. Writes that take longer go on in the background. */
export const settleWrites = (
  services: SessionServices,
  writes: ReadonlyArray<Write>,
  timeoutMs: number
): Effect.Effect<SettledWrites> => {
  const awaited = writes.filter(({ policy }) => policy.awaited)
  const onTimeout = (): SettledWrites => {
    const names = awaited.map(({ policy }) => policy.name).join(", ")
    const message = `${names}: not stored yet; it is being retried in the background, see result.written`
    return { outcomes: [], degraded: [degrade(services, "write", "Timeout", message)] }
  }
  const onOutcomes = (outcomes: ReadonlyArray<WriteOutcome>): SettledWrites => ({
    outcomes,
    degraded: outcomes
      .filter(({ status }) => status === "failed")
      .map(({ error, policy }) => {
        const reason = readReason(error)
        return degrade(services, "write", reason, `${policy}: not stored (${reason}); see result.written`)
      })
  })
  return Effect.map(awaitOutcomes(awaited), onOutcomes).pipe(
    Effect.timeoutOrElse({ duration: Duration.millis(timeoutMs), orElse: () => Effect.sync(onTimeout) })
  )
}
