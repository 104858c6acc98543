import { didYouMean } from "@keepsake/core/driver"
import * as Schema from "effect/Schema"
import type { AgentTool, ToolRun, ToolSchema } from "./AgentTool.ts"

/** The schema would drop an unknown field, and the tool would answer another question than the model asked. */
const refuseUnknown = (input: unknown, fieldNames: ReadonlyArray<string>): void => {
  if (typeof input !== "object" || input === null || fieldNames.length === 0) return
  const unknown = Object.keys(input).find((field) => !fieldNames.includes(field))
  if (unknown !== undefined)
    throw new Error(`${unknown} is not known here. ${didYouMean(unknown, fieldNames)}`)
}

/** Some models write `null` for an optional field that they leave out. */
const dropNulls = (input: unknown, required: ReadonlySet<string>): unknown =>
  typeof input !== "object" || input === null || Array.isArray(input)
    ? input
    : Object.fromEntries(
        Object.entries(input).filter(([name, value]) => value !== null || required.has(name))
      )

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
  const fieldNames = Object.keys(tool.input.fields)
  // Effect writes a struct without fields as "anything"; the API needs an object without properties.
  const isEmpty = fieldNames.length === 0
  const { required = [] } = schema as ToolSchema
  // A null that the schema allows is a value.
  const requiredNames = new Set(required)
  const decodeLeniently = (input: unknown): Input => {
    try {
      return decode(input)
    } catch (error) {
      const withoutNulls = dropNulls(input, requiredNames)
      if (JSON.stringify(withoutNulls) === JSON.stringify(input)) throw error
      return decode(withoutNulls)
    }
  }
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: isEmpty ? { type: "object", properties: {} } : (schema as ToolSchema),
    execute: (input, run = {}) => {
      refuseUnknown(input, fieldNames)
      return tool.execute(decodeLeniently(input), run)
    }
  }
}
