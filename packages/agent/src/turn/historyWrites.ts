import { MemoryError } from "@keepsake/core"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { HistoryEntry } from "../conversation/history.ts"
import type { WriteJob } from "../writing/attemptWrite.ts"
import type { CurrentTurn } from "./CurrentTurn.ts"
import type { MemoryBudget } from "./MemoryBudget.ts"
import { readFence } from "./readFence.ts"
import { report } from "./report.ts"
import type { SessionServices } from "./SessionServices.ts"

/** The name of these writes in outcomes. */
const POLICY = "history"

/** Reads what the store has of the session and this object does not; a store that fails is asked again at the next turn. */
export const readHistory = (services: SessionServices, budget: MemoryBudget): Effect.Effect<void> => {
  const { conversation, kept } = services
  if (kept === undefined) return Effect.void
  const read = Effect.tryPromise(async (signal) => {
    if (!kept.isLoaded) conversation.restore(await kept.load(signal))
    conversation.addOthers(await kept.readNew(signal))
  })
  return Effect.ignore(budget.spend(read, () => Effect.void))
}

/** An exchange to be appended. */
interface EndedExchange {
  readonly messages: HistoryEntry
  readonly end: "answered" | "brokenOff"
}

const append = async (
  { conversation, kept, ownMemory }: SessionServices,
  turn: CurrentTurn,
  { end, messages }: EndedExchange,
  signal: AbortSignal
): Promise<void> => {
  const { exchangeId, exchangeIndex, key, replaces } = turn
  const turnNumber = await conversation.turnAt(exchangeIndex, signal)
  if (kept === undefined || readFence(ownMemory) !== turn.fence) return
  try {
    const mark = { exchangeId, replaces, end, turn: turnNumber, ...(end === "brokenOff" ? { key } : {}) }
    conversation.place(exchangeId, await kept.append(messages, mark, signal))
    const { oldestNumber } = conversation
    if (oldestNumber !== undefined) await kept.dropBefore(oldestNumber, signal)
  } catch (error) {
    // The application keeps no such text.
    const isRefused = error instanceof MemoryError && error.reason._tag === "WriteRefused"
    if (!isRefused) throw error
  }
}

/** Keeps an exchange in the history of the store. Returns an effect that waits for the first attempt. */
export const keepInHistory = Effect.fnUntraced(function* (
  services: SessionServices,
  turn: CurrentTurn,
  ended: EndedExchange
) {
  const { ownMemory, sessionId, userId, writeQueue } = services
  if (services.kept === undefined) return Effect.void
  const attempted = yield* Deferred.make<void>()
  const job: WriteJob = {
    policy: POLICY,
    isForHistory: true,
    isBegin: true,
    queueKey: null,
    exchange: { userId, sessionId, user: turn.user.text, assistant: "" },
    isVoid: () => readFence(ownMemory) !== turn.fence,
    onRetry: () => void Deferred.doneUnsafe(attempted, Effect.void),
    // That it was kept is no news: the outcomes of a turn are those of its policies.
    onOutcome: (outcome) => {
      if (outcome.status === "failed") report(services, { type: "written", outcome })
    },
    run: async (signal) => {
      await append(services, turn, ended, signal)
      return { memories: [] }
    }
  }
  const outcome = yield* writeQueue.submit(job)
  return Effect.raceFirst(Effect.asVoid(outcome), Deferred.await(attempted))
})
