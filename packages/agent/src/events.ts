import type Anthropic from "@anthropic-ai/sdk"
import type { MemoryContext, MemoryError, Remembered } from "@keepsake/core"

/** A tool call of a turn. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
  /** The text that the model received. */
  readonly output: string
  readonly isError: boolean
}

/** A stage of the turn in which memory failed or was late. */
export interface Degradation {
  readonly stage: "recall" | "write"
  /** @deprecated Use `stage`. */
  readonly part: "recall" | "write"
  /** The reason of the `MemoryError`, `Timeout`, or `Unexpected`. */
  readonly reason: string
  /** What went wrong, and what happens next; without remembered text. */
  readonly message: string
}

/** The outcome of one policy's write of one turn. */
export interface WriteOutcome {
  /** The writing policy's name. */
  readonly policy: string
  /**
   * `stored`: the store has it. `void`: everything was forgotten in the meantime, so nothing was written.
   * `skipped`: the policy had nothing to write, or the memory's `beforeWrite` dropped it. `failed`: it was not
   * stored, see `error`.
   */
  readonly status: "stored" | "void" | "skipped" | "failed"
  readonly memories: ReadonlyArray<Remembered>
  /** Attempts made. */
  readonly attempts: number
  /** Where the policy fell back to something else, such as keeping the text when no facts could be extracted. */
  readonly notes: ReadonlyArray<string>
  readonly error?: unknown
}

/** `max_turns`: the turn reached `maxTurns` requests, and the model still called tools. */
export type StopReason = Anthropic.Beta.Messages.BetaStopReason | "max_turns" | null

/** Token counts, summed over all requests of the turn. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly requests: number
}

/** The result of a turn: the answer, the memories in it, and the failures of memory. */
export interface TurnResult<Written = Promise<ReadonlyArray<WriteOutcome>>> {
  /** The model's text since its last tool call. */
  readonly text: string
  /** The model's last message, unchanged. */
  readonly message: Anthropic.Beta.Messages.BetaMessage
  readonly stopReason: StopReason
  readonly usage: Usage
  /** The memory block that the model received, and the memories in it. */
  readonly recalled: MemoryContext
  /** Settles when every write of the turn has an outcome; never fails. */
  readonly written: Written
  readonly toolCalls: ReadonlyArray<ToolCall>
  /** Empty when memory worked. */
  readonly degraded: ReadonlyArray<Degradation>
}

/** The events of `stream`, in this order; events of tools that run at the same time are interleaved. */
export type TurnEvent<Written = Promise<ReadonlyArray<WriteOutcome>>> =
  | { readonly type: "recalled"; readonly recalled: MemoryContext }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "toolStart"; readonly id: string; readonly name: string; readonly input: unknown }
  | ({ readonly type: "toolEnd" } & ToolCall)
  /** The outcomes known when the turn ends; those of background writes follow in `result.written`. */
  | { readonly type: "written"; readonly outcomes: ReadonlyArray<WriteOutcome> }
  | { readonly type: "done"; readonly result: TurnResult<Written> }

/** Takes the events of a turn while it runs. */
export type Emit = (event: TurnEvent<never>) => void

/** The events of `onEvent`: every degradation, retry and outcome. */
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

export const EMPTY_CONTEXT: MemoryContext = {
  text: "",
  tokens: 0,
  items: [],
  dropped: 0,
  droppedByPart: { pins: 0, profile: 0, relevant: 0, lastTime: 0 },
  droppedPins: [],
  degraded: null
}

/** The failure's reason by name, for reports. */
export const readReason = (error: unknown): string => {
  const reason = (error as Partial<MemoryError> | null)?.reason
  return typeof reason === "object" && reason !== null && "_tag" in reason ? reason._tag : "Unexpected"
}
