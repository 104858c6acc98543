import type { AgentEvent, Degradation } from "../events.ts"
import type { SessionServices } from "./SessionServices.ts"

type WithoutIds<Event> = Event extends unknown ? Omit<Event, "userId" | "sessionId"> : never

/** Calls `onEvent`; its errors are ignored. */
export const report = (
  { sessionId, settings, userId }: SessionServices,
  event: WithoutIds<AgentEvent>
): void => {
  try {
    settings.onEvent?.({ userId, sessionId, ...event })
  } catch {
    // The listener is the only place to report to.
  }
}

/** Reports what memory left out, and returns it for the turn's result. */
export const degrade = (
  services: SessionServices,
  stage: Degradation["stage"],
  reason: string,
  message: string
): Degradation => {
  const degradation = { stage, part: stage, reason, message }
  report(services, { type: "degraded", degradation })
  return degradation
}
