import { spanned } from "@keepsake/core/driver"
import { Effect } from "effect"
import { type AgentError, toAgentError } from "../AgentError.ts"
import type { ToolCall } from "../events.ts"
import { promptOf, systemBlocks, toolsWithBreakpoint } from "../conversation/prompt.ts"
import { observed } from "../tools/sessionTools.ts"
import type { Emit, SessionParts } from "./SessionServices.ts"
import { runModel, type TurnReply } from "./runModel.ts"

/** With more of the caller's own, ours would be more than the four the API allows. */
const OWN_BREAKPOINTS_MAX = 2

const breakpoints = (items: ReadonlyArray<object>): number =>
  items.filter((item) => "cache_control" in item).length

/** The model's answer to a message, tools and all. */
export const reply = (
  parts: SessionParts,
  text: string,
  memoryBlock: string,
  calls: Array<ToolCall>,
  emit: Emit | undefined
): Effect.Effect<TurnReply, AgentError> => {
  const { cache, maxTokens, maxTurns, model, params = {}, placement, toolTimeoutMs } = parts.settings
  const system = systemBlocks(parts.settings.system)
  const crowded = breakpoints(system) + breakpoints(parts.tools) > OWN_BREAKPOINTS_MAX
  const prompt = promptOf({
    system,
    history: parts.conversation.entries,
    text,
    memory: memoryBlock,
    placement,
    cache: crowded ? false : cache
  })
  const tools = observed(toolsWithBreakpoint(parts.tools, crowded ? false : cache), {
    timeoutMs: toolTimeoutMs,
    calls,
    emit: emit ?? (() => {})
  })
  const answer = Effect.tryPromise({
    try: (signal) =>
      runModel(parts.client(), { model, maxTokens, maxTurns, params, tools, ...prompt }, signal, emit),
    catch: (error) => toAgentError(error, model)
  })
  return spanned(answer, "Agent.model", { "gen_ai.request.model": model })
}
