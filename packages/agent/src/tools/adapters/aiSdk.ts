import { type AgentTool, checkTools, toolErrorText, type ToolSchema } from "../AgentTool.ts"

/** A schema as the Standard Schema and Standard JSON Schema specifications have it, which the AI SDK reads. */
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

/** The input is checked where it is used, by the tool itself, whose words the model gets to see. */
const standard = (schema: ToolSchema): StandardToolSchema => {
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

/** Tools for `generateText` and `streamText` of the Vercel AI SDK. A failure is the tool's text, so that the model can go on. */
export const aiSdkTools = (tools: ReadonlyArray<AgentTool>): { [name: string]: AiSdkTool } => {
  checkTools(tools)
  return Object.fromEntries(
    tools.map((tool) => [
      tool.name,
      {
        description: tool.description,
        inputSchema: standard(tool.inputSchema),
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
