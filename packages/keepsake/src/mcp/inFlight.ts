import type { Tracker } from "./mcpServer.ts"

/** Calls under way, so that closing can wait for what was accepted. */
export const makeInFlight = (): { readonly track: Tracker; readonly settled: () => Promise<void> } => {
  const calls = new Set<Promise<unknown>>()
  return {
    track: async (call) => {
      calls.add(call)
      try {
        return await call
      } finally {
        calls.delete(call)
      }
    },
    settled: async () => {
      await Promise.allSettled(calls)
    }
  }
}
