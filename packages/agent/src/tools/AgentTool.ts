import { MemoryError } from "@keepsake/core"
import { invalidInput } from "../AgentError.ts"

/** A JSON Schema of type `object`. */
export interface ToolSchema {
  readonly type: "object"
  readonly properties?: { readonly [name: string]: unknown } | undefined
  readonly required?: ReadonlyArray<string> | undefined
  readonly [keyword: string]: unknown
}

/** What a tool receives besides its arguments. */
export interface ToolRun {
  /** Aborted with the turn, and after the tool's timeout. */
  readonly signal?: AbortSignal | undefined
}

/** An answer as text for a model, and the same as data for a program. */
export interface ToolAnswer<Data = { readonly [name: string]: unknown }> {
  readonly text: string
  readonly data: Data
}

/** A tool for any framework. The model receives the result of `execute`, or its error as text. */
export interface AgentTool {
  /** 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string
  /** For people. */
  readonly title?: string | undefined
  readonly description: string
  readonly inputSchema: ToolSchema
  /** The form of the data of `answer`. */
  readonly outputSchema?: ToolSchema | undefined
  execute(input: unknown, run?: ToolRun): Promise<string> | string
  /** `execute` for a framework that takes data too, such as MCP. */
  answer?(input: unknown, run?: ToolRun): Promise<ToolAnswer>
}

/** A failure as text for the model. */
export const toolErrorText = (error: unknown): string => {
  if (error instanceof MemoryError) {
    const { reason } = error
    const isAboutInput =
      reason._tag === "InvalidInput" || (reason._tag === "WriteRefused" && reason.problem === "refused")
    return isAboutInput
      ? `Error: ${error.message}`
      : `Error: memory is not available (${reason._tag}); go on without it.`
  }
  return `Error: ${error instanceof Error ? error.message : String(error)}`
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/

const findSchemaProblem = (schema: unknown): string | undefined => {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema))
    return "give a JSON Schema object"
  const { properties, required, type } = schema as Partial<ToolSchema>
  if (type !== "object") return `has type ${JSON.stringify(type)}; a tool's input is an object`
  if (
    properties !== undefined &&
    (typeof properties !== "object" || properties === null || Array.isArray(properties))
  ) {
    return "has properties that are not an object of schemas"
  }
  const invalid = Object.entries(properties ?? {}).find(
    ([, property]) => typeof property !== "boolean" && (typeof property !== "object" || property === null)
  )
  if (invalid !== undefined) return `has a property ${JSON.stringify(invalid[0])} that is not a schema`
  if (
    required !== undefined &&
    !(Array.isArray(required) && required.every((name) => typeof name === "string"))
  ) {
    return "has a field required that is not a list of names"
  }
  const missing = required?.find((name) => properties?.[name] === undefined)
  if (missing !== undefined) return `requires ${JSON.stringify(missing)}, which it does not describe`
  try {
    JSON.stringify(schema)
  } catch {
    return "cannot be written as JSON"
  }
  return undefined
}

/** Throws `InvalidInput`, with the tool's name, for a tool that the API would refuse. */
export const checkTools = (
  tools: ReadonlyArray<{ readonly name: string; readonly inputSchema?: unknown }>
): void => {
  const seen = new Set<string>()
  for (const { inputSchema, name } of tools) {
    if (typeof name !== "string" || !NAME.test(name)) {
      throw invalidInput("tools", `${JSON.stringify(name)} is not a name of 1 to 64 letters, digits, _ or -`)
    }
    if (seen.has(name))
      throw invalidInput("tools", `there are two tools named ${JSON.stringify(name)}; rename one`)
    seen.add(name)
    const problem = inputSchema === undefined ? undefined : findSchemaProblem(inputSchema)
    if (problem !== undefined) throw invalidInput(`tools.${name}.inputSchema`, problem)
  }
}
