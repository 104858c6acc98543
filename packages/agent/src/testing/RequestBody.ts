import type Anthropic from "@anthropic-ai/sdk"

/** The body of a request. */
export type RequestBody = Anthropic.Beta.Messages.MessageCreateParams
