import type Anthropic from "@anthropic-ai/sdk"
import type { MemoryContext, MemoryError, Remembered } from "@keepsake/core"

/** A tool that ran within a turn. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
  /** What the model got back. */
  readonly output: string
  readonly isError: boolean
}

/** A part of the turn that memory had to leave out. */
export interface Degradation {
  readonly part: "recall" | "write"
  /** `MemoryError`'s reason, `Timeout`, or `Unexpected`. */
  readonly reason: string
  /** What went wrong and what is done about it; holds no remembered text. */
  readonly message: string
}

/** What became of one policy's write of one turn. */
export interface WriteOutcome {
  /** The writing policy's name. */
  readonly policy: string
  /**
   * `stored`: it is in the store. `void`: everything was forgotten meanwhile, nothing was written.
   * `skipped`: there was nothing to write, such as after a refusal. `failed`: it could not be kept, see `error`.
   */
  readonly status: "stored" | "void" | "skipped" | "failed"
  readonly memories: ReadonlyArray<Remembered>
  /** How often it was tried. */
  readonly attempts: number
  /** What was done differently than asked, such as keeping the text where no facts could be extracted. */
  readonly notes: ReadonlyArray<string>
  readonly error?: unknown
}

/** `max_turns`: the bound on requests in one turn was reached while the model still asked for tools. */
export type StopReason = Anthropic.Beta.Messages.BetaStopReason | "max_turns" | null

/** Tokens of all requests of the turn together. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly requests: number
}

/** What a turn came to: the answer, what memory gave, and what it could not do. */
export interface TurnResult<Written = Promise<ReadonlyArray<WriteOutcome>>> {
  /** What the model said since its last tool call. */
  readonly text: string
  /** Its last message as it came. */
  readonly message: Anthropic.Beta.Messages.BetaMessage
  readonly stopReason: StopReason
  readonly usage: Usage
  /** The block that went to the model, and what is in it. */
  readonly recalled: MemoryContext
  /** Settles when every write of this turn has an outcome; never fails. */
  readonly written: Written
  readonly toolCalls: ReadonlyArray<ToolCall>
  /** Empty when memory did all it should. */
  readonly degraded: ReadonlyArray<Degradation>
}

/** What `stream` yields, in this order but for tools, which run side by side. */
export type TurnEvent<Written = Promise<ReadonlyArray<WriteOutcome>>> =
  | { readonly type: "recalled"; readonly recalled: MemoryContext }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "toolStart"; readonly id: string; readonly name: string; readonly input: unknown }
  | ({ readonly type: "toolEnd" } & ToolCall)
  /** The outcomes there are when the turn ends; those in the background follow in `result.written`. */
  | { readonly type: "written"; readonly outcomes: ReadonlyArray<WriteOutcome> }
  | { readonly type: "done"; readonly result: TurnResult<Written> }

/** What an agent tells its `onEvent`: nothing that memory could not do stays unsaid. */
export type AgentEvent = { readonly userId: string; readonly sessionId: string } & (
  | { readonly type: "degraded"; readonly degradation: Degradation }
  | {
      readonly type: "writeRetry"
      readonly policy: string
      readonly attempt: number
      readonly error: unknown
    }
  | { readonly type: "written"; readonly outcome: WriteOutcome }
)

export const EMPTY_CONTEXT: MemoryContext = { text: "", tokens: 0, items: [], dropped: 0 }

/** The name of a failure for reports. */
export const reasonOf = (error: unknown): string => {
  const reason = (error as Partial<MemoryError> | null)?.reason
  return typeof reason === "object" && reason !== null && "_tag" in reason ? reason._tag : "Unexpected"
}
