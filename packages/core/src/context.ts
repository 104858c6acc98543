import type { Memory } from "./Memory.ts"

export type ContextPart = "profile" | "relevant" | "lastTime"

export interface ContextItem {
  readonly memory: Memory
  readonly part: ContextPart
  /** From recall; `null` for what is there without being asked for. */
  readonly score: number | null
}

/** The rendered block and what is in it. */
export interface MemoryContext {
  /** Goes to the model as it is; `""` when there is nothing to say. */
  readonly text: string
  /** Estimated size of `text`. */
  readonly tokens: number
  readonly items: ReadonlyArray<ContextItem>
  /** How many candidates found no room in the budget. */
  readonly dropped: number
}

export interface ContextOptions {
  /** Tokens for the whole block. */
  readonly budget?: number | undefined
  /** Parts to leave out. */
  readonly without?: ReadonlyArray<ContextPart> | undefined
  /** The conversation under way: it is not "last time", and what it holds need not be recalled. */
  readonly sessionId?: string | undefined
  /** Least score of the relevant part, 0 to 1. */
  readonly threshold?: number | undefined
  /** How many relevant memories at the most. */
  readonly limit?: number | undefined
  /** Shows each relevant memory's score; left out by default, since it tells the model nothing it can use. */
  readonly scores?: boolean | undefined
  /** Tokens of a text; four characters a token when absent. */
  readonly estimateTokens?: ((text: string) => number) | undefined
}
