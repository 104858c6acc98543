import type Anthropic from "@anthropic-ai/sdk"
import { AgentError, Unreachable } from "../../AgentError.ts"
import type { ModelClient } from "../../ModelClient.ts"

type Params = Anthropic.Beta.Messages.MessageCreateParamsNonStreaming
type BetaMessage = Anthropic.Beta.Messages.BetaMessage

export interface AskOptions {
  readonly signal: AbortSignal
  readonly isStreamed: boolean
  /** Longest time between two events of a streamed reply. */
  readonly silenceTimeoutMs: number
  readonly onText: (text: string) => void
}

const makeSilenceError = (timeoutMs: number): AgentError =>
  new AgentError({
    reason: new Unreachable({
      message: `The model was silent for ${timeoutMs} ms in the middle of its reply; send the message again.`
    })
  })

/** Makes one request, and waits for the whole reply. */
export const askModel = async (
  client: ModelClient,
  params: Params,
  { isStreamed, onText, signal, silenceTimeoutMs }: AskOptions
): Promise<BetaMessage> => {
  if (!isStreamed) return client.beta.messages.create(params, { signal })
  const stream = client.beta.messages.stream(params, { signal })
  return new Promise((resolve, reject) => {
    const onSilence = () => {
      reject(makeSilenceError(silenceTimeoutMs))
      stream.abort()
    }
    let timer: NodeJS.Timeout | undefined
    const restart = () => {
      clearTimeout(timer)
      timer = setTimeout(onSilence, silenceTimeoutMs)
    }
    // The client's own timeout bounds the time before the first event.
    stream.on("connect", restart)
    stream.on("streamEvent", restart)
    stream.on("text", onText)
    stream
      .finalMessage()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}
