import type { ServerCommand } from "./serverCommand.ts"

/** The part of the Claude Agent SDK in use. The SDK is not a dependency, because it brings a whole runtime. */
interface AgentSdk {
  readonly query: (request: {
    readonly prompt: string
    readonly options: {
      readonly mcpServers: { readonly [name: string]: ServerCommand & { readonly type: "stdio" } }
      readonly allowedTools: Array<string>
    }
  }) => AsyncIterable<{ readonly type: string; readonly subtype?: string; readonly result?: string }>
}

const SDK: string = "@anthropic-ai/claude-agent-sdk"

const loadSdk = async (): Promise<AgentSdk> => {
  try {
    return (await import(SDK)) as AgentSdk
  } catch (cause) {
    throw new Error(`${SDK} is not installed: run \`pnpm add ${SDK}\` in this folder.`, { cause })
  }
}

/** Asks Claude one question through the Claude Agent SDK, with the memory as an MCP server. */
export const askThroughSdk = async (server: ServerCommand, prompt: string): Promise<string> => {
  const { query } = await loadSdk()
  const options = {
    mcpServers: { keepsake: { type: "stdio" as const, ...server } },
    allowedTools: ["mcp__keepsake"]
  }
  for await (const message of query({ prompt, options })) {
    if (message.type === "result") return message.result ?? `ended with ${message.subtype}`
  }
  throw new Error("The Claude Agent SDK returned no result.")
}
