export { claudeAgentOptions, type ClaudeAgentMemoryOptions } from "./claudeAgentOptions.ts"
export type { ClaudeAgentFragment } from "./sdkTypes.ts"
