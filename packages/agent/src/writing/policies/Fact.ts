import type { MemoryType } from "@keepsake/core"

/** One statement that a model found in an exchange. */
export interface Fact {
  readonly content: string
  readonly type: MemoryType
  /** Who claimed it; what the assistant claims weighs less. */
  readonly source: "user" | "assistant"
  readonly importance: number
}
