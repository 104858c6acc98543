import { type AgentTool, checkTools, toolErrorText, type ToolSchema } from "../AgentTool.ts"

/** A schema by the Standard Schema and Standard JSON Schema specifications, which the AI SDK reads. */
export interface StandardToolSchema {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: "keepsake"
    readonly validate: (value: unknown) => { readonly value: unknown }
    readonly jsonSchema: {
      readonly input: () => Record<string, unknown>
      readonly output: () => Record<string, unknown>
    }
    readonly types?: { readonly input: unknown; readonly output: unknown } | undefined
  }
}

export interface AiSdkTool {
  readonly description: string
  readonly inputSchema: StandardToolSchema
  execute(input: unknown, options: { readonly abortSignal?: AbortSignal | undefined }): Promise<string>
}

/** Accepts every input: the tool checks it, so that the model receives the tool's own error. */
const toStandardSchema = (schema: ToolSchema): StandardToolSchema => {
  const json = (): Record<string, unknown> => ({ ...schema })
  return {
    "~standard": {
      version: 1,
      vendor: "keepsake",
      validate: (value) => ({ value }),
      jsonSchema: { input: json, output: json }
    }
  }
}

/** Tools for `generateText` and `streamText` of the Vercel AI SDK. A failure is returned as text, so that the model can go on. */
export const aiSdkTools = (tools: ReadonlyArray<AgentTool>): { [name: string]: AiSdkTool } => {
  checkTools(tools)
  return Object.fromEntries(
    tools.map((tool) => [
      tool.name,
      {
        description: tool.description,
        inputSchema: toStandardSchema(tool.inputSchema),
        execute: async (input: unknown, options: { readonly abortSignal?: AbortSignal | undefined }) => {
          try {
            return await tool.execute(input, { signal: options.abortSignal })
          } catch (error) {
            return toolErrorText(error)
          }
        }
      }
    ])
  )
}
