import type { Tracker } from "./mcpServer.ts"

/** Tracks the calls under way, so that closing can wait for them. */
export const makeInFlight = (): { readonly track: Tracker; readonly settle: () => Promise<void> } => {
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
    settle: async () => {
      await Promise.allSettled(calls)
    }
  }
}
