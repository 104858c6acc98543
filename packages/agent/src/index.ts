// The chat loop.
export { type ChatAgent, type ChatSession, createAgent, type SendOptions } from "./createAgent.ts"
export { Agent, type CloseReport } from "./Agent.ts"
export type { AgentSession } from "./Session.ts"
export type { AgentOptions, CloseOptions, SessionOptions, WritingSetting } from "./options.ts"
export type { TurnOptions } from "./turn/TurnSettings.ts"
export type { ModelClient, RequestParams } from "./ModelClient.ts"
export type { CacheSetting } from "./conversation/cacheMarks.ts"
export type { Placement, SystemPrompt } from "./conversation/prompt.ts"
export type { UserMessage } from "./conversation/userContent.ts"
export type { SessionExport } from "./conversation/SessionExport.ts"
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

// Tools, for the loop and for other frameworks.
export type { AgentTool, ToolAnswer, ToolRun, ToolSchema } from "./tools/AgentTool.ts"
export { defineTool } from "./tools/defineTool.ts"
export type { SessionTool, SessionTools, ToolOwner } from "./tools/sessionTools.ts"
export { memoryTools, type MemoryToolsOptions } from "./tools/memoryTools.ts"
export { fitLines as fitMemories, type MemoryLine } from "./tools/memoryLines.ts"
export { readingTools } from "./tools/readingTools.ts"
export { nativeMemoryTool } from "./tools/memoryFiles/memoryFilesTool.ts"
export { anthropicTools } from "./tools/anthropic.ts"
export { aiSdkTools } from "./tools/adapters/aiSdk.ts"
export { type McpHandlers, mcpHandlers } from "./tools/adapters/mcp.ts"
export { type OpenAiTools, openAiTools } from "./tools/adapters/openAi.ts"

// Writing policies.
export { firstParagraph, type PolicyOptions, verbatim } from "./writing/policies/verbatim.ts"
export { summary } from "./writing/policies/summary.ts"
export { facts } from "./writing/policies/facts.ts"
export type { PolicyModel } from "./writing/policies/smallModel.ts"
export type { PolicyResult, WriteContext, WritingPolicy } from "./writing/WritingPolicy.ts"
export type { WrittenExchange } from "./writing/attemptWrite.ts"
export type { Unwritten } from "./writing/WriteQueue.ts"
