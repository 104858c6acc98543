import type { PromiseMemory } from "@keepsake/core"
import type { Conversation } from "../conversation/Conversation.ts"
import type { KeptHistory } from "../conversation/KeptHistory.ts"
import type { EchoFilter } from "../conversation/EchoFilter.ts"
import type { ModelClient } from "../ModelClient.ts"
import type { RunnerTool, SessionTools } from "../tools/sessionTools.ts"
import type { WriteQueue } from "../writing/WriteQueue.ts"
import type { AgentSettings } from "./AgentSettings.ts"
import type { CurrentTurn } from "./CurrentTurn.ts"
import type { ContainerHolder } from "./model/container.ts"
import type { RunningTurns } from "./RunningTurns.ts"
import type { TurnSettings } from "./TurnSettings.ts"

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
  /** The history in the store; `undefined` if it is not kept there. */
  readonly kept: KeptHistory | undefined
  readonly echoFilter: EchoFilter
  /** Who speaks in turns that do not name a speaker. */
  readonly speaker: string | undefined
  /** What a turn has without options of its own. */
  readonly turnSettings: TurnSettings
  /** The caller's tools of one turn, and the memory's. */
  readonly makeTools: (tools: SessionTools) => ReadonlyArray<RunnerTool>
  /** Names of the tools that wait for the memory. */
  readonly memoryToolNames: ReadonlySet<string>
  readonly container: ContainerHolder
  /** The turn under way. */
  readonly turn: { current: CurrentTurn | undefined }
  readonly running: RunningTurns
  readonly writeQueue: WriteQueue
  readonly isClosed: () => boolean
}
