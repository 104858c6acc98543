import { spanned } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { AgentError } from "../../AgentError.ts"
import type { HistoryEntry } from "../../conversation/history.ts"
import { buildPrompt, toSystemBlocks } from "../../conversation/prompt.ts"
import { estimateOnce, estimateJson } from "../../conversation/tokens.ts"
import type { Emit, ToolCall } from "../../events.ts"
import { toAgentError } from "../../toAgentError.ts"
import { observeTools } from "../../tools/sessionTools.ts"
import type { CurrentTurn } from "../CurrentTurn.ts"
import type { PromptLimit } from "./promptLimit.ts"
import { runModel, type TurnReply } from "./runModel.ts"
import type { SessionServices } from "../SessionServices.ts"
import { shortenResults } from "./shortenResults.ts"
import type { TurnProgress } from "./TurnProgress.ts"

/** Goes below the API's maximum: an estimate decides which exchanges go. */
const ROOM_SHARE = 0.1
/** Without numbers in the API's answer, this share of the prompt goes. */
const UNKNOWN_SHARE = 0.5

/** What one request of the turn holds, as estimated. */
const estimateRequest = (
  { conversation }: SessionServices,
  { settings, user }: CurrentTurn,
  { memoryBlock, progress }: Asked
): number =>
  conversation.tokens +
  estimateOnce(user.blocks) +
  estimateJson([settings.system, memoryBlock]) +
  estimateOnce(settings.tools) +
  progress.added.reduce((sum, message) => sum + estimateOnce(message), 0)

/** Drops old exchanges, and shortens old tool results of the turn when no exchange is left. */
const shortenPrompt = (
  { conversation }: SessionServices,
  { added }: TurnProgress,
  { tokens, tokensMax }: PromptLimit,
  estimate: number
): boolean => {
  if (tokens !== undefined) conversation.correct(tokens, estimate)
  const excess =
    tokens === undefined || tokensMax === undefined
      ? estimate * UNKNOWN_SHARE
      : tokens - tokensMax * (1 - ROOM_SHARE)
  return conversation.dropOldest(excess) || shortenResults(added)
}

export interface Asked {
  readonly memoryBlock: string
  /** Each tool call is added. */
  readonly calls: Array<ToolCall>
  readonly progress: TurnProgress
  readonly emit: Emit | undefined
}

/** Asks the model, and runs its tools until it answers. */
export const reply = (
  services: SessionServices,
  turn: CurrentTurn,
  asked: Asked
): Effect.Effect<TurnReply, AgentError> => {
  const { calls, emit, memoryBlock, progress } = asked
  const { container, conversation, memoryToolNames, settings } = services
  const { model, params, system, tools } = turn.settings
  const { budget } = turn
  const observed = observeTools(tools, {
    deadlineOf: (name) =>
      memoryToolNames.has(name)
        ? { timeoutMs: Math.min(budget.leftMs, settings.toolTimeoutMs), onTimeout: () => budget.exhaust() }
        : { timeoutMs: settings.toolTimeoutMs },
    calls,
    emit: emit ?? (() => {})
  })
  const request = {
    model,
    params,
    container,
    tools: observed,
    maxTokens: settings.maxTokens,
    maxTurns: settings.maxTurns,
    silenceTimeoutMs: settings.silenceTimeoutMs,
    buildPrompt: (added: HistoryEntry) =>
      buildPrompt({
        tools: observed,
        system: toSystemBlocks(system),
        history: conversation.entries,
        user: turn.user.blocks,
        added,
        memory: memoryBlock,
        placement: settings.placement,
        cache: settings.cache,
        automatic: params.cache_control
      }),
    shorten: (limit: PromptLimit) =>
      shortenPrompt(services, progress, limit, estimateRequest(services, turn, asked)),
    onCounted: (tokens: number) => conversation.correct(tokens, estimateRequest(services, turn, asked))
  }
  const answer = Effect.tryPromise({
    try: (signal) => runModel(services.client(), request, progress, { signal, emit }),
    catch: (error) => toAgentError(error, model)
  })
  return spanned(answer, "Agent.model", { "gen_ai.request.model": model })
}
