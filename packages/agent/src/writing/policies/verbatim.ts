import type { PolicyResult, WriteContext, WritingPolicy } from "../WritingPolicy.ts"

/** Both sides of an exchange, as core keeps them. */
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

/** The user's text whole and without end, the reply's first 500 code points for 90 days, both episodic. The default. */
export const verbatim = (): WritingPolicy => ({
  name: "verbatim",
  awaited: true,
  write: (context) => rememberExchange(context, context.assistant)
})

/** As `verbatim`, with the reply's first paragraph only. */
export const firstParagraph = (): WritingPolicy => ({
  name: "firstParagraph",
  awaited: true,
  write: (context) => rememberExchange(context, context.assistant.trimStart().split(/\n\s*\n/)[0] ?? "")
})
