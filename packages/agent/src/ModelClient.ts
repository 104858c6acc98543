import type Anthropic from "@anthropic-ai/sdk"

/** Any client with the shape of the Messages API: `Anthropic`, or those for Bedrock, Vertex and proxies. */
export interface ModelClient {
  readonly beta: { readonly messages: Pick<Anthropic["beta"]["messages"], "create" | "stream"> }
}

/** Further parameters of the Messages API, such as `thinking` or `output_config`. */
export type RequestParams = Partial<
  Omit<
    Anthropic.Beta.Messages.MessageCreateParamsNonStreaming,
    "messages" | "model" | "max_tokens" | "system" | "tools" | "stream" | "thread" | "compaction"
  >
>
