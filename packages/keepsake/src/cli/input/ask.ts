import { createInterface } from "node:readline/promises"
import * as Effect from "effect/Effect"

/** Asks at the terminal; the answer without outer spaces. Standard output stays free for the result. */
export const ask = (question: string): Effect.Effect<string> =>
  Effect.promise(async (signal) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return (await lines.question(question, { signal })).trim()
    } finally {
      lines.close()
    }
  })
