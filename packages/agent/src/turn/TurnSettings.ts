import type { SystemPrompt } from "../conversation/prompt.ts"
import type { RequestParams } from "../ModelClient.ts"
import type { RunnerTool, SessionTools } from "../tools/sessionTools.ts"

/** What a session and a message may set apart from the agent; what is nearer to the message wins. */
export interface TurnOptions {
  readonly model?: string | undefined
  /** In place of the agent's. */
  readonly system?: SystemPrompt | undefined
  /** Added to the agent's, field by field. */
  readonly params?: RequestParams | undefined
  /** In place of the agent's; `memoryTools` and `memoryFiles` stay. */
  readonly tools?: SessionTools | undefined
  /** Who speaks, where several people share a session. The model sees the name before the text. */
  readonly speaker?: string | undefined
}

/** The settings of one turn. */
export interface TurnSettings {
  readonly model: string
  readonly system: SystemPrompt | undefined
  readonly params: RequestParams
  readonly tools: ReadonlyArray<RunnerTool>
}
