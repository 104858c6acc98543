import type { MemoryType } from "@keepsake/core"

/** A statement that a model extracted from an exchange. */
export interface Fact {
  readonly content: string
  readonly type: MemoryType
  /** Who claimed it; the assistant's claims weigh less. */
  readonly source: "user" | "assistant"
  readonly importance: number
}
