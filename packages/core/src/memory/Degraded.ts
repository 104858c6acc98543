import type { MemoryError } from "./MemoryError.ts"
import { describeScope, type Scope } from "./Scope.ts"

/** A part of an answer that is missing because something failed; the rest of the answer stands. */
export interface Degraded {
  readonly stage: "recall"
  /** The reason of the `MemoryError`. */
  readonly reason: string
  /** What is missing, and why; without remembered text. */
  readonly message: string
  /** The shared scope that is missing; absent where another part is. */
  readonly scope?: Scope | undefined
}

/** A list that says what it lacks; `degraded` is `null` when it lacks nothing. Optional, so that a plain list fits. */
export interface DegradableList<A> extends ReadonlyArray<A> {
  readonly degraded?: ReadonlyArray<Degraded> | null | undefined
}

export const missingScope = (scope: Scope, error: MemoryError): Degraded => ({
  stage: "recall",
  reason: error.reason._tag,
  message: `Answered without ${describeScope(scope)}: ${error.message}`,
  scope
})

/** The embedder failed: what is like the question in meaning alone is missing. */
export const missingMeaning = (error: MemoryError): Degraded => ({
  stage: "recall",
  reason: error.reason._tag,
  message: `Answered by words alone: ${error.message}`
})

/** The reranker failed: the answer is the one without it. */
export const missingReranker = (error: MemoryError): Degraded => ({
  stage: "recall",
  reason: error.reason._tag,
  message: `Answered without the reranker: ${error.message}`
})

/** Rows of a scope that the store cannot read. */
export const missingDamaged = (rows: number): Degraded => ({
  stage: "recall",
  reason: "Corrupt",
  message: `Answered without ${rows} damaged ${rows === 1 ? "memory" : "memories"}: \`keepsake doctor\` names what is damaged, \`keepsake repair\` rebuilds what it can.`
})

/** What several answers lack, each said once; `null` when they lack nothing. */
export const joinDegraded = (
  parts: ReadonlyArray<ReadonlyArray<Degraded> | null | undefined>
): ReadonlyArray<Degraded> | null => {
  const byMessage = new Map(parts.flatMap((part) => part ?? []).map((part) => [part.message, part]))
  return byMessage.size === 0 ? null : Array.from(byMessage.values())
}

/** Copies a list and adds `degraded`, which is not enumerable: two lists are equal when their items are. */
export const withDegraded = <A>(
  items: ReadonlyArray<A>,
  degraded: ReadonlyArray<Degraded> | null
): DegradableList<A> =>
  Object.defineProperty(items.slice(), "degraded", { value: degraded }) as unknown as DegradableList<A>
