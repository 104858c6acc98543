import type { PromiseMemory, Remembered } from "@keepsake/core"
import type { ModelClient } from "../ModelClient.ts"

/** One exchange to be written, and what to write it with. */
export interface WriteContext {
  /** The user's memory. Pass `{ fence }` and `{ signal }` to its writes. */
  readonly memory: PromiseMemory
  readonly user: string
  /** Who spoke, where several people share the session. */
  readonly speaker: string | undefined
  /** The whole reply; `""` where there is none. */
  readonly reply: string
  /** The reply without what only repeats recalled memories; `""` when nothing of it is new. */
  readonly assistant: string
  readonly sessionId: string
  /**
   * The user's turn; the reply has the next. The same at every attempt, so that a key made from it writes once;
   * another one after a `Conflict`, which says that another process took the turn.
   */
  readonly turn: number
  /** Epoch milliseconds. */
  readonly saidAt: number
  readonly fence: number
  readonly signal: AbortSignal
  readonly client: ModelClient
  /** Shared by the attempts at this write. */
  readonly scratch: Map<string, unknown>
  /** There is no retry after this attempt. */
  readonly isLastAttempt: boolean
}

/** The part of a write that does not depend on how it is made. */
export type ExchangeContext = Pick<
  WriteContext,
  "fence" | "memory" | "saidAt" | "sessionId" | "signal" | "speaker" | "turn" | "user"
>

/** What a policy wrote. */
export interface PolicyResult {
  readonly memories: ReadonlyArray<Remembered>
  /** Where the policy fell back to something else; shown in the outcome. */
  readonly notes?: ReadonlyArray<string> | undefined
}

/** How an exchange becomes memories. `write` may be called again after a failure, and must then write the same memories once. */
export interface WritingPolicy {
  readonly name: string
  /** True: `send` waits for it, up to `memoryTimeoutMs`. False: it runs in the background, one write at a time per user. */
  readonly awaited: boolean
  /**
   * Keeps the user's words while the model answers, so that a turn that is broken off and a process that ends lose
   * nothing. `write` follows with the same turn, and must then keep the same words once; it does not follow if the
   * turn breaks off. A policy without `begin` gets such a turn by `write`, without a reply.
   */
  begin?(context: WriteContext): Promise<PolicyResult>
  write(context: WriteContext): Promise<PolicyResult>
}
