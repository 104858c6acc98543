import { Schema } from "effect"
import type { AgentTool, ToolRun, ToolSchema } from "./AgentTool.ts"

/** A tool whose JSON Schema and input check come from one Effect Schema. */
export const defineTool = <Input>(tool: {
  readonly name: string
  readonly description: string
  /** A `Schema.Struct` of plain JSON. */
  readonly input: Schema.Codec<Input> & { readonly fields: object }
  readonly execute: (input: Input, run: ToolRun) => Promise<string> | string
}): AgentTool => {
  const decode = Schema.decodeUnknownSync(tool.input)
  const { additionalProperties: _, ...schema } = Schema.toJsonSchemaDocument(tool.input).schema
  // Effect writes a struct without fields as "anything", which is not a tool without parameters.
  const isEmpty = Object.keys(tool.input.fields).length === 0
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: isEmpty ? { type: "object", properties: {} } : (schema as ToolSchema),
    execute: (input, run = {}) => tool.execute(decode(input), run)
  }
}
