import { didYouMean } from "@keepsake/core/driver"
import * as Schema from "effect/Schema"
import type { AgentTool, ToolAnswer, ToolRun, ToolSchema } from "./AgentTool.ts"

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

/** A `Schema.Struct` of plain JSON. */
type Fields<A> = Schema.Codec<A> & { readonly fields: object }

const toToolSchema = (schema: Fields<never> | Fields<unknown>): ToolSchema => {
  const { additionalProperties: _, ...written } = Schema.toJsonSchemaDocument(schema).schema
  // Effect writes a struct without fields as "anything"; the API needs an object without properties.
  return Object.keys(schema.fields).length === 0
    ? { type: "object", properties: {} }
    : (written as ToolSchema)
}

/** Reads a model's arguments; throws an error that says what to write instead. */
const makeReader = <Input>(schema: Fields<Input>, inputSchema: ToolSchema): ((input: unknown) => Input) => {
  const decode = Schema.decodeUnknownSync(schema)
  const fieldNames = Object.keys(schema.fields)
  // A null that the schema allows is a value.
  const requiredNames = new Set(inputSchema.required)
  return (input) => {
    refuseUnknown(input, fieldNames)
    try {
      return decode(input)
    } catch (error) {
      const withoutNulls = dropNulls(input, requiredNames)
      if (JSON.stringify(withoutNulls) === JSON.stringify(input)) throw error
      return decode(withoutNulls)
    }
  }
}

/** A tool whose JSON Schema and input check come from one Effect Schema. */
export const defineTool = <Input>(tool: {
  readonly name: string
  readonly description: string
  /** A `Schema.Struct` of plain JSON. */
  readonly input: Schema.Codec<Input> & { readonly fields: object }
  readonly execute: (input: Input, run: ToolRun) => Promise<string> | string
}): AgentTool => {
  const inputSchema = toToolSchema(tool.input)
  const read = makeReader(tool.input, inputSchema)
  return {
    name: tool.name,
    description: tool.description,
    inputSchema,
    execute: (input, run = {}) => tool.execute(read(input), run)
  }
}

/** A tool whose answer has data, always. */
export type DataTool = AgentTool & Required<Pick<AgentTool, "answer">>

/** A tool that answers with data too, in the form of `output`. */
export const defineDataTool = <Input, Data extends { readonly [name: string]: unknown }>(tool: {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Fields<Input>
  readonly output: Fields<Data>
  readonly answer: (input: Input, run: ToolRun) => Promise<ToolAnswer<Data>>
}): DataTool => {
  const inputSchema = toToolSchema(tool.input)
  const read = makeReader(tool.input, inputSchema)
  const answer = async (input: unknown, run: ToolRun = {}): Promise<ToolAnswer<Data>> =>
    tool.answer(read(input), run)
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema,
    outputSchema: toToolSchema(tool.output),
    execute: async (input, run) => (await answer(input, run)).text,
    answer
  }
}
