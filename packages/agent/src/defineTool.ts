import { Schema } from "effect"
import type { AgentTool, ToolRun, ToolSchema } from "./AgentTool.ts"

/** A tool whose input is described once: the model's JSON Schema and the check of what it sends come from the same place. */
export const defineTool = <Input>(tool: {
  readonly name: string
  readonly description: string
  readonly input: Schema.Codec<Input>
  readonly execute: (input: Input, run: ToolRun) => Promise<string> | string
}): AgentTool => {
  const decode = Schema.decodeUnknownSync(tool.input)
  const { additionalProperties: _, ...schema } = Schema.toJsonSchemaDocument(tool.input).schema
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: schema as ToolSchema,
    execute: (input, run = {}) => tool.execute(decode(input), run)
  }
}
