import Anthropic from "@anthropic-ai/sdk"
import { messagesServer, type Reply, type Respond } from "./MessagesServer.ts"

/** A client for a demonstration: the real API where there is a key, a script on this machine where there is none. */
export interface DemoClient extends AsyncDisposable {
  readonly client: Anthropic
  /** True: no model is behind it. */
  readonly isScripted: boolean
  readonly close: () => Promise<void>
}

/** What a demonstration must say when no model answers. */
export const SCRIPTED_NOTICE =
  "ANTHROPIC_API_KEY is not set: the replies below come from a script on this machine, not from Claude."

/**
 * `new Anthropic()` when ANTHROPIC_API_KEY is set. Else a client of a local server that gives the scripted
 * replies, after `say` was told so.
 */
export const modelClient = async (
  script: Respond | ReadonlyArray<Reply>,
  say: (notice: string) => void = console.log
): Promise<DemoClient> => {
  if (process.env["ANTHROPIC_API_KEY"]) {
    const close = (): Promise<void> => Promise.resolve()
    return { client: new Anthropic(), isScripted: false, close, [Symbol.asyncDispose]: close }
  }
  say(SCRIPTED_NOTICE)
  const server = await messagesServer(script)
  return {
    client: server.client(),
    isScripted: true,
    close: server.close,
    [Symbol.asyncDispose]: server.close
  }
}
