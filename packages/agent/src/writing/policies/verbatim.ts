import type { PolicyResult, WriteContext, WritingPolicy } from "../WritingPolicy.ts"

/** Stores both sides of an exchange, as core does. */
export const rememberExchange = async (context: WriteContext, assistant: string): Promise<PolicyResult> => {
  const { fence, memory, saidAt, sessionId, signal, turn, user } = context
  return {
    memories: await memory.rememberExchange(
      { user, assistant, sessionId, turn, saidAt },
      { fence },
      { signal }
    )
  }
}

/** The default: the user's whole text without expiry, and the reply's first 500 code points for 90 days; both episodic. */
export const verbatim = (): WritingPolicy => ({
  name: "verbatim",
  awaited: true,
  write: (context) => rememberExchange(context, context.assistant)
})

/** Like `verbatim`, with the reply's first paragraph only. */
export const firstParagraph = (): WritingPolicy => ({
  name: "firstParagraph",
  awaited: true,
  write: (context) => rememberExchange(context, context.assistant.trimStart().split(/\n\s*\n/)[0] ?? "")
})
