import type { PromiseMemory } from "@keepsake/core"
import type { Conversation } from "../conversation/Conversation.ts"
import type { AgentEvent, Degradation, TurnEvent } from "../events.ts"
import type { AgentSettings } from "../options.ts"
import type { EchoFilter } from "../conversation/EchoFilter.ts"
import type { runnerTools } from "../tools/sessionTools.ts"
import type { WriteQueue } from "../writing/WriteQueue.ts"
import type { ModelClient } from "./runModel.ts"

/** What a session is made of. */
export interface SessionParts {
  readonly userId: string
  readonly sessionId: string
  readonly settings: AgentSettings
  readonly client: () => ModelClient
  readonly memory: PromiseMemory
  readonly conversation: Conversation
  readonly recalledText: EchoFilter
  readonly tools: ReturnType<typeof runnerTools>
  readonly writer: WriteQueue
  readonly isClosed: () => boolean
}

export type Emit = (event: TurnEvent<never>) => void

/** A broken memory must not break the turn, not even where it throws at once. */
export const fenceOf = (memory: PromiseMemory): number => {
  try {
    return memory.fence()
  } catch {
    return 0
  }
}

type WithoutNames<Event> = Event extends unknown ? Omit<Event, "userId" | "sessionId"> : never

/** Tells the agent's listener, whose own failure is not the turn's. */
export const report = (
  { sessionId, settings, userId }: SessionParts,
  event: WithoutNames<AgentEvent>
): void => {
  try {
    settings.onEvent?.({ userId, sessionId, ...event })
  } catch {
    // Nobody else to tell.
  }
}

/** Reports what memory had to leave out, and gives it for the turn's result. */
export const degrade = (
  parts: SessionParts,
  part: Degradation["part"],
  reason: string,
  message: string
): Degradation => {
  const degradation = { part, reason, message }
  report(parts, { type: "degraded", degradation })
  return degradation
}
