import type { EmbedderProvider } from "@keepsake/core"
import { stubEmbedder } from "./data.ts"

/** No model embeds a text with this word. */
export const UNEMBEDDABLE = "unembeddable"

/** An embedding service with faults that are switched on and off. */
export interface FaultyEmbedder {
  /** `hangs` answers only when it is asked to stop. */
  mode: "up" | "down" | "hangs"
  readonly provider: EmbedderProvider
}

const rejection = (message: string, isRetryable: boolean): Error =>
  Object.assign(new Error(message), { isRetryable })

export const faultyEmbedder = (): FaultyEmbedder => {
  const faulty: FaultyEmbedder = {
    mode: "up",
    provider: {
      ...stubEmbedder,
      embed: async (texts, purpose, signal, deadline) => {
        if (faulty.mode === "down")
          throw Object.assign(rejection("ECONNREFUSED", true), { problem: "unreachable" })
        if (faulty.mode === "hangs") {
          await new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(rejection("aborted", true)), { once: true })
          })
        }
        if (texts.some((text) => text.includes(UNEMBEDDABLE))) throw rejection("NaN in the output", false)
        return stubEmbedder.embed(texts, purpose, signal, deadline)
      }
    }
  }
  return faulty
}
