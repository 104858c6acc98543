import type { ClaudeAgentFragment } from "@keepsake/agent/claude-agent-sdk"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** The part of the Claude Agent SDK in use. The SDK is not a dependency, because it brings a whole runtime. */
export interface AgentSdk {
  readonly query: (request: {
    readonly prompt: string
    readonly options: ClaudeAgentFragment & { readonly env: NodeJS.ProcessEnv; readonly tools: Array<string> }
  }) => AsyncIterable<{ readonly type: string; readonly subtype?: string; readonly result?: string }>
}

const NAME: string = "@anthropic-ai/claude-agent-sdk"

/** The installed SDK, or `undefined`. `folder` holds a `node_modules` outside the workspace. */
export const loadSdk = async (
  folder = process.env["KEEPSAKE_CLAUDE_AGENT_SDK"]
): Promise<AgentSdk | undefined> => {
  const address =
    folder === undefined ? NAME : pathToFileURL(join(folder, "node_modules", NAME, "sdk.mjs")).href
  try {
    return (await import(address)) as AgentSdk
  } catch {
    return undefined
  }
}
