import { APIError } from "@anthropic-ai/sdk"

/** What the API says about a prompt that is too long; `undefined` where it does not say it. */
export interface PromptLimit {
  readonly tokens: number | undefined
  readonly tokensMax: number | undefined
}

const TOO_LONG = /prompt is too long(?::\s*(\d+) tokens? > (\d+))?/iu
const TOO_LARGE = 413

/** `undefined` for another error. */
export const readPromptLimit = (error: unknown): PromptLimit | undefined => {
  if (!(error instanceof APIError)) return undefined
  if (error.status === TOO_LARGE) return { tokens: undefined, tokensMax: undefined }
  const match = error.status === 400 ? TOO_LONG.exec(error.message) : null
  if (match === null) return undefined
  const [, tokens, tokensMax] = match
  return {
    tokens: tokens === undefined ? undefined : Number(tokens),
    tokensMax: tokensMax === undefined ? undefined : Number(tokensMax)
  }
}
