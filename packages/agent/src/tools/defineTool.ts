import { didYouMean } from "@keepsake/core/driver"
import { Schema } from "effect"
import type { AgentTool, ToolRun, ToolSchema } from "./AgentTool.ts"

/** A schema drops an unknown field: a model that misspells one would get an answer to another question. */
const refuseUnknown = (input: unknown, known: ReadonlyArray<string>): void => {
  if (typeof input !== "object" || input === null || known.length === 0) return
  const unknown = Object.keys(input).find((field) => !known.includes(field))
  if (unknown !== undefined) throw new Error(`${unknown} is not known here. ${didYouMean(unknown, known)}`)
}

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
  const known = Object.keys(tool.input.fields)
  const isEmpty = known.length === 0
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: isEmpty ? { type: "object", properties: {} } : (schema as ToolSchema),
    execute: (input, run = {}) => {
      refuseUnknown(input, known)
      return tool.execute(decode(input), run)
    }
  }
}
