import type { PromiseMemory, Remembered } from "@keepsake/core"
import type { ModelClient } from "../turn/runModel.ts"

/** One exchange to be written, and what to write it with. */
export interface WriteContext {
  /** The user's memory. Hand `{ fence }` and `{ signal }` to its writes, as the policies here do. */
  readonly memory: PromiseMemory
  readonly user: string
  /** The reply without what was recalled; `""` when nothing of it is new. */
  readonly assistant: string
  readonly sessionId: string
  /** The user's turn; the reply's is the next. The same at every attempt, so that a key made of it writes once. */
  readonly turn: number
  /** Epoch milliseconds. */
  readonly saidAt: number
  readonly fence: number
  readonly signal: AbortSignal
  readonly client: ModelClient
  /** Kept from one attempt at this write to the next. */
  readonly scratch: Map<string, unknown>
  /** What fails now is not tried again. */
  readonly isLastAttempt: boolean
}

/** What a policy wrote. */
export interface PolicyResult {
  readonly memories: ReadonlyArray<Remembered>
  /** What was done differently than asked; shown in the outcome. */
  readonly notes?: ReadonlyArray<string> | undefined
}

/** How an exchange becomes memories. `write` may be called again after it failed: make it write the same thing once. */
export interface WritingPolicy {
  readonly name: string
  /** True: `send` waits for it, within the memory's time. False: it runs in the background, one at a time per user. */
  readonly awaited: boolean
  write(context: WriteContext): Promise<PolicyResult>
}
