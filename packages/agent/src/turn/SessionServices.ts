import type { PromiseMemory } from "@keepsake/core"
import type { Conversation } from "../conversation/Conversation.ts"
import type { EchoFilter } from "../conversation/EchoFilter.ts"
import type { TurnEvent } from "../events.ts"
import type { ModelClient } from "../ModelClient.ts"
import type { RunnerTool } from "../tools/sessionTools.ts"
import type { WriteQueue } from "../writing/WriteQueue.ts"
import type { AgentSettings } from "./AgentSettings.ts"

/** The services that a session's turns run on. */
export interface SessionServices {
  readonly userId: string
  readonly sessionId: string
  readonly settings: AgentSettings
  readonly client: () => ModelClient
  /** Recalls from the shared scopes too. */
  readonly memory: PromiseMemory
  /** The same scope without what is shared: a writing policy compares with the user's own memories. */
  readonly ownMemory: PromiseMemory
  readonly conversation: Conversation
  readonly echoFilter: EchoFilter
  readonly tools: ReadonlyArray<RunnerTool>
  readonly writeQueue: WriteQueue
  readonly isClosed: () => boolean
}

export type Emit = (event: TurnEvent<never>) => void
