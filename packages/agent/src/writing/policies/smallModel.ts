import { fields } from "@keepsake/core/driver"
import type { StopReason } from "../../events.ts"
import { modelClient, modelName, positiveInteger, readOrThrow } from "../../inputFields.ts"
import type { ModelClient } from "../../ModelClient.ts"
import { toAgentError } from "../../toAgentError.ts"
import type { WriteContext } from "../WritingPolicy.ts"
import type { PolicyOptions } from "./verbatim.ts"

/** The model that a policy asks; a small, fast one is enough. */
export interface PolicyModel extends PolicyOptions {
  /** Such as `claude-haiku-5-5`. */
  readonly model: string
  /** The agent's client when absent. */
  readonly client?: ModelClient | undefined
  /** Most tokens of its answer; 1,024 when absent. */
  readonly maxTokens?: number | undefined
}

const policyModel = fields.input(
  "options",
  fields.object({
    model: modelName("claude-haiku-5-5"),
    client: fields.optional(modelClient),
    maxTokens: fields.optional(positiveInteger),
    awaited: fields.optional(fields.boolean)
  } satisfies fields.Fields<PolicyModel>)
)

/** Throws `InvalidInput` for a model that cannot be asked. */
export const readPolicyModel = (options: PolicyModel): PolicyModel => readOrThrow(policyModel(options))

export interface Answer {
  readonly text: string
  readonly stopReason: StopReason
}

/** Asks the policy's model. `input` is data: it goes as JSON, apart from the instructions. */
export const ask = async (
  { client, maxTokens = 1_024, model }: PolicyModel,
  question: {
    readonly instructions: string
    readonly input: unknown
    readonly schema?: { readonly [keyword: string]: unknown } | undefined
  },
  context: WriteContext
): Promise<Answer> => {
  const { input, instructions, schema } = question
  try {
    const message = await (client ?? context.client).beta.messages.create(
      {
        model,
        max_tokens: maxTokens,
        system: instructions,
        messages: [{ role: "user", content: JSON.stringify(input) }],
        ...(schema === undefined
          ? {}
          : { output_config: { format: { type: "json_schema", schema: { ...schema } } } })
      },
      { signal: context.signal }
    )
    return {
      text: message.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
      stopReason: message.stop_reason
    }
  } catch (error) {
    throw toAgentError(error, model)
  }
}

/** Runs `work` once for all attempts: a model asked twice answers in other words, and both would be stored. */
export const once = async <A>(context: WriteContext, name: string, work: () => Promise<A>): Promise<A> => {
  if (!context.scratch.has(name)) context.scratch.set(name, await work())
  return context.scratch.get(name) as A
}
