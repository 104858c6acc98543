/** Learns how much a service takes, from what it refuses, for as long as the process runs. */
import { estimateTokens } from "@keepsake/core/driver"
import { ServiceError, type TooMuch } from "./ServiceError.ts"

/** One request to a service: an answer of `A` for each text, in order. `ask` says what is asked of all of them. */
export type TextsRequest<Ask, A> = (
  texts: ReadonlyArray<string>,
  ask: Ask,
  signal: AbortSignal
) => Promise<ReadonlyArray<A>>

/** A shorter text fits every model, so its refusal has another reason. */
const CLIP_MIN = 160

const toTooMuch = (error: unknown): TooMuch | undefined =>
  error instanceof ServiceError ? error.tooMuch : undefined

const clipTo = (text: string, length: number): string =>
  text.length > length ? text.slice(0, length).toWellFormed() : text

/** Cuts the longest texts to half of the longest; `undefined` if none is long. */
const clipLongest = (texts: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const longest = texts.reduce((length, text) => Math.max(length, text.length), 0)
  if (longest <= CLIP_MIN) return undefined
  const lengthMax = Math.max(CLIP_MIN, Math.ceil(longest / 2))
  return texts.map((text) => clipTo(text, lengthMax))
}

/** Estimated tokens of the longest text: characters say less, as a Chinese one is a token or more. */
const longestTokens = (texts: ReadonlyArray<string>): number =>
  texts.reduce((tokens, text) => Math.max(tokens, estimateTokens(text)), 0)

/** The least estimate of a text that was refused, and the greatest below it that was taken. */
class TextLimit {
  #refused = Number.POSITIVE_INFINITY
  #taken = 0

  learn(refused: number, taken: number): void {
    if (taken >= refused) return
    this.#taken = refused < this.#refused ? taken : Math.max(this.#taken, taken)
    this.#refused = Math.min(this.#refused, refused)
  }

  clip(text: string): string {
    if (this.#refused === Number.POSITIVE_INFINITY) return text
    const tokens = estimateTokens(text)
    if (tokens < this.#refused) return text
    return clipTo(text, Math.max(CLIP_MIN, Math.floor((text.length * this.#taken) / tokens)))
  }
}

/**
 * Halves requests that a service refuses as too large, and texts that a model refuses as too long: keyword search still
 * finds the rest of a long text. What was learnt holds for later requests.
 */
export const learnLimits = <Ask, A>(request: TextsRequest<Ask, A>): TextsRequest<Ask, A> => {
  let textsMax = Number.POSITIVE_INFINITY
  const limit = new TextLimit()

  return async (texts, ask, signal) => {
    /** Whether a text was refused by itself: then the number of texts was not what was refused. */
    let wasTextRefused = false

    const sendClipped = async (batch: ReadonlyArray<string>, refusal: unknown) => {
      let lastRefusal = refusal
      for (let input = clipLongest(batch); input !== undefined; input = clipLongest(input)) {
        try {
          const answers = await request(input, ask, signal)
          limit.learn(longestTokens(batch), longestTokens(input))
          return answers
        } catch (error) {
          if (toTooMuch(error) === undefined) throw error
          lastRefusal = error
        }
      }
      throw lastRefusal
    }

    const send = async (batch: ReadonlyArray<string>): Promise<ReadonlyArray<A>> => {
      if (batch.length > textsMax) return sendParts(batch, textsMax)
      try {
        return await request(batch, ask, signal)
      } catch (error) {
        const tooMuch = toTooMuch(error)
        if (tooMuch === undefined) throw error
        if (tooMuch === "text") return sendClipped(batch, error)
        if (batch.length === 1) {
          wasTextRefused = true
          return sendClipped(batch, error)
        }
        const half = Math.ceil(batch.length / 2)
        const answers = await sendParts(batch, half)
        if (!wasTextRefused) textsMax = Math.min(textsMax, half)
        return answers
      }
    }

    const sendParts = async (batch: ReadonlyArray<string>, size: number) => {
      const answers: Array<A> = []
      for (let start = 0; start < batch.length; start += size) {
        answers.push(...(await send(batch.slice(start, start + size))))
      }
      return answers
    }

    return send(texts.map((text) => limit.clip(text)))
  }
}
