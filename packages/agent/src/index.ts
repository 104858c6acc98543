export { Agent } from "./Agent.ts"
export {
  Aborted,
  AgentClosed,
  AgentError,
  type AgentErrorReason,
  MissingApiKey,
  Overloaded,
  RateLimited,
  Refused,
  Rejected,
  Unexpected,
  UnknownModel,
  Unreachable
} from "./AgentError.ts"
export type { AgentTool, ToolRun, ToolSchema } from "./tools/AgentTool.ts"
export { aiSdkTools } from "./tools/adapters/aiSdk.ts"
export { anthropicTools } from "./tools/anthropic.ts"
export { type McpHandlers, mcpHandlers } from "./tools/adapters/mcp.ts"
export { type OpenAiTools, openAiTools } from "./tools/adapters/openAi.ts"
export type { SessionExport } from "./conversation/SessionExport.ts"
export { type ChatAgent, type ChatSession, createAgent } from "./createAgent.ts"
export { defineTool } from "./tools/defineTool.ts"
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
export { nativeMemoryTool } from "./tools/memoryFiles/memoryFilesTool.ts"
export { memoryTools, type MemoryToolsOptions } from "./tools/memoryTools.ts"
export type { AgentOptions, SessionOptions, WritingSetting } from "./options.ts"
export type { ModelClient } from "./ModelClient.ts"
export type { AgentSession } from "./Session.ts"
export type { SessionTool, ToolOwner } from "./tools/sessionTools.ts"
export { firstParagraph, verbatim } from "./writing/policies/verbatim.ts"
export { facts } from "./writing/policies/facts.ts"
export type { PolicyModel } from "./writing/policies/smallModel.ts"
export { summary } from "./writing/policies/summary.ts"
export type { PolicyResult, WriteContext, WritingPolicy } from "./writing/WritingPolicy.ts"
