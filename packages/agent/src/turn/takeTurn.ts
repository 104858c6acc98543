import { spanned } from "@keepsake/core/driver"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { cleanText } from "../cleanText.ts"
import { cleanBlocks, type MessageParam } from "../conversation/history.ts"
import type { Emit, ToolCall, TurnResult, WriteOutcome } from "../events.ts"
import type { CurrentTurn } from "./CurrentTurn.ts"
import type { WritingPolicy } from "../writing/WritingPolicy.ts"
import { gateEvents } from "./gateEvents.ts"
import { keepInHistory } from "./historyWrites.ts"
import { recall } from "./recall.ts"
import { reply } from "./model/reply.ts"
import type { TurnReply } from "./model/runModel.ts"
import type { SessionServices } from "./SessionServices.ts"
import { TurnProgress } from "./model/TurnProgress.ts"
import {
  awaitOutcomes,
  beginWrites,
  settleBegun,
  settleWrites,
  withdrawWrites,
  type Write,
  writeExchange,
  writeUnanswered
} from "./writes.ts"

type Written = Effect.Effect<ReadonlyArray<WriteOutcome>>

/** What a turn has done so far. */
interface TurnState {
  readonly progress: TurnProgress
  /** `undefined` until the user's words are being written. */
  begun: ReadonlyArray<Write> | undefined
  isAdded: boolean
  /** The exchange on its way into the store's history. */
  history: Effect.Effect<void>
}

/** Without the caller's breakpoints, which belong to one request. */
const toUserMessage = ({ user }: CurrentTurn): MessageParam => ({
  role: "user",
  content: cleanBlocks(user.blocks)
})

/** Where nothing is shown before the whole reply, a reply that comes at once is written once. */
const BEGIN_DELAY_MS = 10

const begin = (
  services: SessionServices,
  turn: CurrentTurn,
  state: TurnState
): Effect.Effect<ReadonlyArray<Write>> =>
  Effect.uninterruptible(
    Effect.suspend(() =>
      state.isAdded
        ? Effect.succeed([])
        : Effect.map(beginWrites(services, turn), (begun) => {
            state.begun = begun
            return begun
          })
    )
  )

/** Adds the exchange to the history and begins its writes. */
const keepExchange = (
  services: SessionServices,
  turn: CurrentTurn,
  state: TurnState,
  answer: TurnReply
): Effect.Effect<ReadonlyArray<Write>> =>
  Effect.uninterruptible(
    Effect.suspend(() => {
      const { conversation, echoFilter, settings } = services
      state.isAdded = true
      // In the history, a refused turn would make the model refuse the next one too.
      if (answer.stopReason === "refusal") return Effect.as(withdrawWrites(services, state.begun ?? []), [])
      const messages = [toUserMessage(turn), ...answer.added]
      conversation.add(messages, settings.historyTokens, turn.exchangeId)
      const text = cleanText(answer.text)
      const kept = { reply: text, assistant: echoFilter.removeEchoes(text) }
      return Effect.gen(function* () {
        state.history = yield* keepInHistory(services, turn, { messages, end: "answered" })
        // What is not awaited may take long, such as the extraction of facts.
        const isLate = (policy: WritingPolicy) => !policy.awaited
        const begun = state.begun ?? (yield* beginWrites(services, turn, isLate))
        return yield* writeExchange(services, turn, kept, begun)
      })
    })
  )

/**
 * Keeps what there is of a turn that ended without an answer. Stopped: the history shows what the reader saw. Failed:
 * the history is unchanged if the reader saw nothing.
 */
const keepUnanswered = (
  services: SessionServices,
  turn: CurrentTurn,
  state: TurnState,
  isStopped: boolean
): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.suspend(() => {
      const { conversation } = services
      const { progress } = state
      const { exchangeId, exchangeIndex: index, key } = turn
      const isShown = isStopped || progress.hasText
      const messages = isShown ? progress.breakOff(toUserMessage(turn)) : undefined
      conversation.leaveUnanswered(key, { index, exchangeId }, messages)
      return Effect.gen(function* () {
        if (messages !== undefined) yield* keepInHistory(services, turn, { messages, end: "brokenOff" })
        if (state.begun === undefined) yield* begin(services, turn, state)
        if (isStopped) yield* writeUnanswered(services, turn)
      })
    })
  )

const answer = Effect.fnUntraced(function* (
  services: SessionServices,
  turn: CurrentTurn,
  state: TurnState,
  emit: Emit | undefined
) {
  const { echoFilter, settings } = services
  const { context, degraded } = yield* recall(services, turn)
  echoFilter.add(
    context.text,
    context.items.map((item) => item.memory.content)
  )
  emit?.({ type: "recalled", recalled: context })
  const gate = gateEvents(emit)
  const opening = yield* emit === undefined
    ? Effect.forkChild(Effect.delay(begin(services, turn, state), BEGIN_DELAY_MS))
    : Effect.flatMap(begin(services, turn, state), (begun) =>
        Effect.forkChild(Effect.ensuring(settleBegun(begun, turn.budget), Effect.sync(gate.open)))
      )
  const calls: Array<ToolCall> = []
  const asked = { memoryBlock: context.text, calls, progress: state.progress, emit: gate.emit }
  const { added, ...replied } = yield* Effect.tapError(reply(services, turn, asked), () =>
    Effect.sync(gate.open)
  )
  const writes = yield* keepExchange(services, turn, state, { added, ...replied })
  const settled = yield* settleWrites(services, writes, turn.budget)
  const isAwaited = settings.policies.length === 0 || settings.policies.some((policy) => policy.awaited)
  if (isAwaited) yield* turn.budget.spend(state.history, () => Effect.void)
  gate.open()
  yield* Effect.sync(() => opening.interruptUnsafe())
  emit?.({ type: "written", outcomes: settled.outcomes })
  return {
    ...replied,
    recalled: context,
    written: awaitOutcomes(writes),
    toolCalls: calls,
    degraded: [...degraded, ...settled.degraded]
  } satisfies TurnResult<Written>
})

/** Recalls, asks the model, and remembers the exchange. */
export const takeTurn = (
  services: SessionServices,
  turn: CurrentTurn,
  emit: Emit | undefined
): ReturnType<typeof answer> => {
  const state: TurnState = {
    progress: new TurnProgress(),
    begun: undefined,
    isAdded: false,
    history: Effect.void
  }
  const guarded = Effect.onExit(answer(services, turn, state, emit), (exit) =>
    Exit.isSuccess(exit) || state.isAdded
      ? Effect.void
      : keepUnanswered(services, turn, state, Cause.hasInterruptsOnly(exit.cause))
  )
  return spanned(guarded, "Agent.turn")
}
