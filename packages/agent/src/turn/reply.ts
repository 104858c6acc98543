import { spanned } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { AgentError } from "../AgentError.ts"
import { buildPrompt, markTools, toSystemBlocks } from "../conversation/prompt.ts"
import type { ToolCall } from "../events.ts"
import { toAgentError } from "../toAgentError.ts"
import { observeTools } from "../tools/sessionTools.ts"
import { runModel, type TurnReply } from "./runModel.ts"
import type { Emit, SessionServices } from "./SessionServices.ts"

/** The API allows four breakpoints, of which a conversation needs two. */
const CALLER_BREAKPOINTS_MAX = 2

const countBreakpoints = (items: ReadonlyArray<object>): number =>
  items.filter((item) => "cache_control" in item).length

/** Asks the model, and runs its tools until it answers. Each tool call is added to `calls`. */
export const reply = (
  services: SessionServices,
  text: string,
  memoryBlock: string,
  calls: Array<ToolCall>,
  emit: Emit | undefined
): Effect.Effect<TurnReply, AgentError> => {
  const { maxTokens, maxTurns, model, params, placement, toolTimeoutMs } = services.settings
  const system = toSystemBlocks(services.settings.system)
  const callerBreakpoints = countBreakpoints(system) + countBreakpoints(services.tools)
  const cache = callerBreakpoints > CALLER_BREAKPOINTS_MAX ? false : services.settings.cache
  const prompt = buildPrompt({
    system,
    history: services.conversation.entries,
    text,
    memory: memoryBlock,
    placement,
    cache
  })
  const tools = observeTools(markTools(services.tools, cache), {
    timeoutMs: toolTimeoutMs,
    calls,
    emit: emit ?? (() => {})
  })
  const answer = Effect.tryPromise({
    try: (signal) =>
      runModel(services.client(), { model, maxTokens, maxTurns, params, tools, ...prompt }, signal, emit),
    catch: (error) => toAgentError(error, model)
  })
  return spanned(answer, "Agent.model", { "gen_ai.request.model": model })
}
