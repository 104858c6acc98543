import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"

/** The fields of the SDK's hook inputs that are read. The SDK's own types would make its 400 MB a dependency. */
export interface HookInput {
  readonly session_id: string
  readonly transcript_path: string
  /** Joins a prompt with the events that follow it. */
  readonly prompt_id?: string | undefined
  /** Present in a subagent only. */
  readonly agent_id?: string | undefined
  readonly prompt?: string | undefined
  /** Of a prompt: who wrote it. */
  readonly source?: string | undefined
  readonly last_assistant_message?: string | undefined
}

export interface HookOutput {
  hookSpecificOutput?: { hookEventName: "UserPromptSubmit"; additionalContext: string }
}

export type Hook = (
  input: HookInput,
  toolUseId: string | undefined,
  options: { signal: AbortSignal }
) => Promise<HookOutput>

export interface HookMatcher {
  hooks: Array<Hook>
  /** Seconds. */
  timeout: number
}

/** A part of the options of `query()`. */
export interface ClaudeAgentFragment {
  mcpServers: { keepsake: { type: "sdk"; name: "keepsake"; instance: McpServer } }
  allowedTools: Array<string>
  hooks: {
    UserPromptSubmit: Array<HookMatcher>
    Stop: Array<HookMatcher>
    SessionEnd: Array<HookMatcher>
    PreCompact: Array<HookMatcher>
  }
}
