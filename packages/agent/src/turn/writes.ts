import { MemoryError } from "@keepsake/core"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { type Degradation, readReason, type WriteOutcome } from "../events.ts"
import type { WriteJob } from "../writing/attemptWrite.ts"
import type { PolicyResult, WriteContext, WritingPolicy } from "../writing/WritingPolicy.ts"
import type { CurrentTurn } from "./CurrentTurn.ts"
import type { MemoryBudget } from "./MemoryBudget.ts"
import { readFence } from "./readFence.ts"
import { degrade, report } from "./report.ts"
import type { SessionServices } from "./SessionServices.ts"

/** The answer of a turn. */
export interface Answer {
  /** As the model wrote it. */
  readonly reply: string
  /** Without what only repeats recalled memories. */
  readonly assistant: string
}

const NO_ANSWER: Answer = { reply: "", assistant: "" }

/** A write under way. */
export interface Write {
  readonly policy: WritingPolicy
  readonly outcome: Effect.Effect<WriteOutcome>
  /** Waits for the outcome, or for the failure of the first attempt. */
  readonly firstAttempt: Effect.Effect<WriteOutcome | { readonly error: unknown }>
  /** Ends the write, because a later one has done its work. */
  readonly end: () => void
}

/** One policy's part in a turn. */
interface PolicyWrite {
  readonly policy: WritingPolicy
  readonly answer: Answer
  readonly run: (context: WriteContext) => Promise<PolicyResult>
  /** False: its retries and its outcome are not reported, because those of the whole exchange follow. */
  readonly isReported: boolean
  readonly onOutcome?: ((outcome: WriteOutcome) => void) | undefined
}

/** Another process took the turn; the next attempt has another number. */
const isTurnTaken = (error: unknown): boolean =>
  error instanceof MemoryError && error.reason._tag === "Conflict"

const toWriteJob = (
  services: SessionServices,
  turn: CurrentTurn,
  { answer, isReported, onOutcome, policy, run }: PolicyWrite,
  { ended, onFailedAttempt }: Pick<WriteJob, "ended"> & { readonly onFailedAttempt: (error: unknown) => void }
): WriteJob => {
  const { client, conversation, ownMemory: memory, sessionId, userId } = services
  const { exchangeIndex, fence, saidAt, speaker } = turn
  const user = turn.user.text
  const scratch = new Map<string, unknown>()
  const isVoid = (): boolean => readFence(memory) !== fence
  return {
    policy: policy.name,
    isBegin: !isReported,
    queueKey: policy.awaited || !isReported ? null : userId,
    exchange: { userId, sessionId, user, assistant: answer.reply },
    ended,
    isVoid,
    onRetry: (attempt, error) => {
      if (!isTurnTaken(error)) onFailedAttempt(error)
      if (isReported) report(services, { type: "writeRetry", policy: policy.name, attempt, error })
    },
    onOutcome: (outcome) => {
      onOutcome?.(outcome)
      if (isReported) report(services, { type: "written", outcome })
    },
    run: async (signal, isLastAttempt) => {
      const turnNumber = await conversation.turnAt(exchangeIndex, signal)
      try {
        return await run({
          ...answer,
          user,
          speaker,
          saidAt,
          fence,
          memory,
          sessionId,
          turn: turnNumber,
          signal,
          client: client(),
          scratch,
          isLastAttempt
        })
      } catch (error) {
        if (isTurnTaken(error) && !isVoid())
          await conversation.renumberFrom(exchangeIndex, turnNumber, signal)
        throw error
      }
    }
  }
}

const submit = Effect.fnUntraced(function* (
  services: SessionServices,
  turn: CurrentTurn,
  write: PolicyWrite
) {
  const failed = yield* Deferred.make<{ readonly error: unknown }>()
  const ended = yield* Deferred.make<void>()
  const job = toWriteJob(services, turn, write, {
    ended: write.isReported ? undefined : Deferred.await(ended),
    onFailedAttempt: (error) => Deferred.doneUnsafe(failed, Effect.succeed({ error }))
  })
  const outcome = yield* services.writeQueue.submit(job)
  return {
    policy: write.policy,
    outcome,
    firstAttempt: Effect.raceFirst(outcome, Deferred.await(failed)),
    end: () => void Deferred.doneUnsafe(ended, Effect.void)
  } satisfies Write
})

/** Keeps the user's words before the exchange is written, with every policy that can and is wanted. */
export const beginWrites = (
  services: SessionServices,
  turn: CurrentTurn,
  isWanted: (policy: WritingPolicy) => boolean = () => true
): Effect.Effect<ReadonlyArray<Write>> =>
  Effect.forEach(
    services.settings.policies.filter((policy) => policy.begin !== undefined && isWanted(policy)),
    (policy) =>
      submit(services, turn, {
        policy,
        answer: NO_ANSWER,
        isReported: false,
        run: async (context) => (await policy.begin?.(context)) ?? { memories: [] }
      })
  )

/** Submits the exchange to every policy. What was begun ends with it. */
export const writeExchange = (
  services: SessionServices,
  turn: CurrentTurn,
  answer: Answer,
  begun: ReadonlyArray<Write>
): Effect.Effect<ReadonlyArray<Write>> =>
  Effect.forEach(services.settings.policies, (policy) =>
    submit(services, turn, {
      policy,
      answer,
      isReported: true,
      run: (context) => policy.write(context),
      onOutcome: ({ attempts, status }) => {
        // A reply that is refused at once does not cost the user's words.
        if (status !== "failed" || attempts > 1) begun.find((write) => write.policy === policy)?.end()
      }
    })
  )

/** Submits the user's words alone, after a turn that was broken off, to the policies that do not have them yet. */
export const writeUnanswered = (
  services: SessionServices,
  turn: CurrentTurn
): Effect.Effect<ReadonlyArray<Write>> =>
  Effect.forEach(
    services.settings.policies.filter((policy) => policy.begin === undefined),
    (policy) =>
      submit(services, turn, {
        policy,
        answer: NO_ANSWER,
        isReported: true,
        run: (context) => policy.write(context)
      })
  )

/** Forgets what was kept of a message that the model refused to answer. */
export const withdrawWrites = (
  { ownMemory }: SessionServices,
  writes: ReadonlyArray<Write>
): Effect.Effect<void> =>
  Effect.flatMap(awaitOutcomes(writes), (outcomes) => {
    const ids = outcomes.flatMap(({ memories }) =>
      memories.flatMap(({ id, outcome }) => (id === null || outcome !== "created" ? [] : [id]))
    )
    return ids.length === 0 ? Effect.void : Effect.ignore(Effect.tryPromise(() => ownMemory.forget(ids)))
  })

export const awaitOutcomes = (writes: ReadonlyArray<Write>): Effect.Effect<ReadonlyArray<WriteOutcome>> =>
  Effect.all(
    writes.map(({ outcome }) => outcome),
    { concurrency: "unbounded" }
  )

const awaitFirstAttempts = (writes: ReadonlyArray<Write>) =>
  Effect.all(
    writes
      .filter(({ policy }) => policy.awaited)
      .map(({ firstAttempt, policy }) => Effect.map(firstAttempt, (result) => ({ policy, result }))),
    { concurrency: "unbounded" }
  )

/** Waits until the awaited policies have the user's words, or failed to keep them, within the budget. */
export const settleBegun = (writes: ReadonlyArray<Write>, budget: MemoryBudget): Effect.Effect<void> =>
  Effect.asVoid(budget.spend(awaitFirstAttempts(writes), () => Effect.void))

export interface SettledWrites {
  readonly outcomes: ReadonlyArray<WriteOutcome>
  readonly degraded: ReadonlyArray<Degradation>
}

/**
 * Waits within the budget for the awaited policies. Writes that take longer, and those whose first attempt failed,
 * go on in the background.
 */
export const settleWrites = (
  services: SessionServices,
  writes: ReadonlyArray<Write>,
  budget: MemoryBudget
): Effect.Effect<SettledWrites> => {
  const onTimeout = (): SettledWrites => {
    const names = writes
      .filter(({ policy }) => policy.awaited)
      .map(({ policy }) => policy.name)
      .join(", ")
    const message = `${names}: not stored yet; it is being retried in the background, see result.written`
    return { outcomes: [], degraded: [degrade(services, "write", "Timeout", message)] }
  }
  const attempts = Effect.map(awaitFirstAttempts(writes), (results): SettledWrites => {
    const outcomes = results.flatMap(({ result }) => ("status" in result ? [result] : []))
    const degraded = results.flatMap(({ policy, result }) => {
      const reason = readReason(result.error)
      if (!("status" in result)) {
        const message = `${policy.name}: not stored yet (${reason}); it is being retried in the background, see result.written`
        return [degrade(services, "write", reason, message)]
      }
      if (result.status !== "failed") return []
      const message = `${policy.name}: not stored (${reason}); see result.written`
      return [degrade(services, "write", reason, message)]
    })
    return { outcomes, degraded }
  })
  return budget.spend(attempts, () => Effect.sync(onTimeout))
}
