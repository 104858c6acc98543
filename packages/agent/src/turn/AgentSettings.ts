import type { ContextOptions, MemoryClient, Scope } from "@keepsake/core"
import type { CacheSetting } from "../conversation/cacheMarks.ts"
import type { Placement, SystemPrompt } from "../conversation/prompt.ts"
import type { AgentEvent } from "../events.ts"
import type { ModelClient, RequestParams } from "../ModelClient.ts"
import type { SessionTools } from "../tools/sessionTools.ts"
import type { WritingPolicy } from "../writing/WritingPolicy.ts"

/** The agent's options, checked and with their defaults; `AgentOptions` describes each. */
export interface AgentSettings {
  readonly memory: MemoryClient
  readonly client: ModelClient | undefined
  readonly model: string
  readonly system: SystemPrompt | undefined
  readonly agentId: string
  readonly tools: SessionTools
  readonly reads: ReadonlyArray<string | Scope>
  readonly timeZone: string | undefined
  readonly memoryTools: boolean
  readonly memoryFiles: boolean
  readonly maxTokens: number
  readonly maxTurns: number
  readonly toolTimeoutMs: number
  readonly memoryTimeoutMs: number
  readonly silenceTimeoutMs: number
  readonly context: ContextOptions
  readonly placement: Placement
  readonly cache: CacheSetting
  readonly historyTokens: number
  readonly keepHistory: boolean
  readonly policies: ReadonlyArray<WritingPolicy>
  readonly queueLimit: number
  readonly onEvent: ((event: AgentEvent) => void) | undefined
  readonly params: RequestParams
}
