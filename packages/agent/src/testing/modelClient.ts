import Anthropic from "@anthropic-ai/sdk"
import { messagesServer, type Reply, type Respond } from "./MessagesServer.ts"

/** A client for a demonstration: of the real API if a key is set, else of a local script. */
export interface DemoClient extends AsyncDisposable {
  readonly client: Anthropic
  /** True: a script replies, not a model. */
  readonly isScripted: boolean
  readonly close: () => Promise<void>
}

/** What a demonstration must say when a script replies. */
export const SCRIPTED_NOTICE =
  "ANTHROPIC_API_KEY is not set: the replies below come from a script on this machine, not from Claude."

/**
 * `new Anthropic()` if ANTHROPIC_API_KEY is set. Else calls `say` with the notice, and returns a client of a
 * local server with the scripted replies.
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
