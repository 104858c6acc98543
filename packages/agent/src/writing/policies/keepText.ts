import { AgentError } from "../../AgentError.ts"
import { rememberExchange } from "./verbatim.ts"
import type { PolicyResult, WriteContext } from "../WritingPolicy.ts"

/** Keeps the text where a model did not give what was asked of it: nothing that was said is lost. */
export const keepText = async (context: WriteContext, why: string): Promise<PolicyResult> => {
  const { memories } = await rememberExchange(context, context.assistant)
  return { memories, notes: [`${why}; the text was kept instead`] }
}

/** For a model that fails: tries again where that may help, and keeps the text in the end. */
export const orKeepText = async (
  context: WriteContext,
  work: () => Promise<PolicyResult>
): Promise<PolicyResult> => {
  try {
    return await work()
  } catch (error) {
    const isOver =
      error instanceof AgentError &&
      (context.isLastAttempt || !error.isRetryable) &&
      error.reason._tag !== "Aborted"
    if (!isOver) throw error
    return keepText(context, `the model could not be asked (${error.reason._tag})`)
  }
}
