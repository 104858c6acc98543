import { Schema } from "effect"
import type { AgentTool, ToolRun, ToolSchema } from "./AgentTool.ts"

/** A tool whose input is described once: the model's JSON Schema and the check of what it sends come from the same place. */
export const defineTool = <Input>(tool: {
  readonly name: string
  readonly description: string
  /** A `Schema.Struct` of plain JSON. */
  readonly input: Schema.Codec<Input> & { readonly fields: object }
  readonly execute: (input: Input, run: ToolRun) => Promise<string> | string
}): AgentTool => {
  const decode = Schema.decodeUnknownSync(tool.input)
  const { additionalProperties: _, ...schema } = Schema.toJsonSchemaDocument(tool.input).schema
  // A struct without fields is written as "anything"; to a model it is a tool without parameters.
  const isEmpty = Object.keys(tool.input.fields).length === 0
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: isEmpty ? { type: "object", properties: {} } : (schema as ToolSchema),
    execute: (input, run = {}) => tool.execute(decode(input), run)
  }
}
