export { Agent, type SessionOptions } from "./Agent.ts"
export * from "./AgentError.ts"
export type { AgentTool, ToolRun, ToolSchema } from "./AgentTool.ts"
export { aiSdkTools } from "./adapters/aiSdk.ts"
export { anthropicTools } from "./adapters/anthropic.ts"
export { type McpHandlers, mcpHandlers } from "./adapters/mcp.ts"
export { type OpenAiTools, openAiTools } from "./adapters/openAi.ts"
export type { SessionExport } from "./Conversation.ts"
export { type ChatAgent, type ChatSession, createAgent } from "./createAgent.ts"
export { defineTool } from "./defineTool.ts"
export type {
  AgentEvent,
  Degradation,
  StopReason,
  ToolCall,
  TurnEvent,
  TurnResult,
  Usage,
  WriteOutcome
} from "./events.ts"
export { nativeMemoryTool } from "./memoryFilesTool.ts"
export { memoryTools, type MemoryToolsOptions } from "./memoryTools.ts"
export type { AgentOptions, ToolOwner, WritingSetting } from "./options.ts"
export type { ModelClient } from "./turn/runTurn.ts"
export type { AgentSession } from "./Session.ts"
export type { SessionTool } from "./tools.ts"
export { firstParagraph, verbatim } from "./writing/exchange.ts"
export { facts } from "./writing/facts.ts"
export type { PolicyModel } from "./writing/smallModel.ts"
export { summary } from "./writing/summary.ts"
export type { PolicyResult, WriteContext, WritingPolicy } from "./writing/WritingPolicy.ts"
