import { AgentError } from "../../AgentError.ts"
import type { PolicyResult, WriteContext } from "../WritingPolicy.ts"
import { rememberExchange } from "./verbatim.ts"

/** Stores the exchange itself where a model did not do its part, so that nothing is lost. */
export const keepText = async (context: WriteContext, why: string): Promise<PolicyResult> => {
  const { memories } = await rememberExchange(context, context.assistant)
  return { memories, notes: [`${why}; the text was kept instead`] }
}

/** Runs `work`; keeps the text if the model fails and another attempt cannot help. */
export const orKeepText = async (
  context: WriteContext,
  work: () => Promise<PolicyResult>
): Promise<PolicyResult> => {
  try {
    return await work()
  } catch (error) {
    const isFinal =
      error instanceof AgentError &&
      (context.isLastAttempt || !error.isRetryable) &&
      error.reason._tag !== "Aborted"
    if (!isFinal) throw error
    return keepText(context, `the model could not be asked (${error.reason._tag})`)
  }
}
