import type { PromiseMemory } from "@keepsake/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { agentClosed, AgentError, invalidInput } from "./AgentError.ts"
import type { SessionExport } from "./conversation/SessionExport.ts"
import {
  findMessageProblem,
  readUserMessage,
  toMessageKey,
  type UserMessage
} from "./conversation/userContent.ts"
import type { Emit, TurnEvent, TurnResult, WriteOutcome } from "./events.ts"
import { readTurnOptions } from "./options.ts"
import { toAgentError } from "./toAgentError.ts"
import type { CurrentTurn } from "./turn/CurrentTurn.ts"
import { MemoryBudget } from "./turn/MemoryBudget.ts"
import { readHistory } from "./turn/historyWrites.ts"
import { readFence } from "./turn/readFence.ts"
import type { SessionServices } from "./turn/SessionServices.ts"
import { takeTurn } from "./turn/takeTurn.ts"
import type { TurnOptions } from "./turn/TurnSettings.ts"

type Written = Effect.Effect<ReadonlyArray<WriteOutcome>>

/** One conversation of one user. A message waits for the one before it. */
export interface AgentSession {
  readonly userId: string
  readonly sessionId: string
  /** This user's memory, the one that the agent recalls from. */
  readonly memory: PromiseMemory
  /** `message` is a text, or content blocks of the Messages API. */
  send(message: UserMessage, options?: TurnOptions): Effect.Effect<TurnResult<Written>, AgentError>
  /** Like `send`, as a stream of events. Leaving the stream early aborts the turn. */
  stream(message: UserMessage, options?: TurnOptions): Stream.Stream<TurnEvent<Written>, AgentError>
  export(): SessionExport
}

/** The message and its options, checked. */
const readTurn = (
  services: SessionServices,
  message: UserMessage,
  options: TurnOptions
): Pick<CurrentTurn, "user" | "speaker" | "settings" | "key"> => {
  const problem = findMessageProblem(message)
  if (problem !== undefined) throw invalidInput("message", problem)
  const { model, params, speaker, system, tools } = readTurnOptions(options)
  const { turnSettings } = services
  const speakerName = speaker ?? services.speaker
  const user = readUserMessage(message, speakerName)
  return {
    user,
    speaker: speakerName,
    settings: {
      model: model ?? turnSettings.model,
      system: system ?? turnSettings.system,
      params: params === undefined ? turnSettings.params : { ...turnSettings.params, ...params },
      tools: tools === undefined ? turnSettings.tools : services.makeTools(tools)
    },
    key: toMessageKey(speakerName, user.blocks)
  }
}

/** Takes turns one at a time, and empties the history after everything was forgotten. */
const makeTurn = (services: SessionServices, oneAtATime: Semaphore.Semaphore) => {
  const { conversation, echoFilter, kept, memory, running, settings } = services
  let fence = readFence(memory)
  const start = Effect.fnUntraced(function* (message: UserMessage, options: TurnOptions) {
    if (services.isClosed()) return yield* agentClosed()
    const read = yield* Effect.try({
      try: () => readTurn(services, message, options),
      catch: (error) => toAgentError(error, settings.model)
    })
    const currentFence = readFence(memory)
    if (currentFence !== fence) {
      // The history holds forgotten text, which must not be sent again.
      conversation.clear()
      echoFilter.clear()
      kept?.reset()
      fence = currentFence
    }
    const budget = new MemoryBudget(settings.memoryTimeoutMs)
    const saidAt = yield* Clock.currentTimeMillis
    yield* readHistory(services, budget)
    const { index, replaces } = conversation.begin(read.key)
    const turn: CurrentTurn = {
      ...read,
      fence,
      exchangeIndex: index,
      exchangeId: randomUUID(),
      replaces,
      saidAt,
      budget
    }
    conversation.trim(settings.historyTokens)
    services.turn.current = turn
    return turn
  })
  return (message: UserMessage, options: TurnOptions = {}, emit?: Emit) =>
    oneAtATime.withPermit(
      running.track(Effect.flatMap(start(message, options), (turn) => takeTurn(services, turn, emit)))
    )
}

export const makeSession = Effect.fnUntraced(function* (services: SessionServices) {
  const { conversation, memory, sessionId, settings, userId } = services
  const turn = makeTurn(services, yield* Semaphore.make(1))
  const session: AgentSession = {
    userId,
    sessionId,
    memory,
    send: (message, options) => turn(message, options),
    stream: (message, options) =>
      Stream.callback<TurnEvent<Written>, AgentError>(
        (queue) =>
          turn(message, options, (event) => void Queue.offerUnsafe(queue, event)).pipe(
            Effect.flatMap((result) => Queue.offer(queue, { type: "done", result })),
            Effect.andThen(Queue.end(queue))
          ),
        { bufferSize: Number.POSITIVE_INFINITY }
      ),
    export: () => conversation.export(settings.agentId, userId)
  }
  return session
})
