import type { JsonScalar, Memory, MemorySource, MemoryType } from "./Memory.ts"

/**
 * Which memories an operation is about, beside scope and lifetime. Absent fields do not restrict;
 * present fields are all required. An empty list matches nothing.
 */
export interface Filter {
  readonly types?: ReadonlyArray<MemoryType> | undefined
  readonly sources?: ReadonlyArray<MemorySource> | undefined
  readonly speakers?: ReadonlyArray<string> | undefined
  readonly sessionId?: string | undefined
  /** Leaves a session out: what is still in the model's own history need not be recalled. */
  readonly exceptSessionId?: string | undefined
  readonly pinned?: boolean | undefined
  /** Epoch milliseconds, inclusive. */
  readonly saidFrom?: number | undefined
  /** Epoch milliseconds, exclusive. */
  readonly saidTo?: number | undefined
  /** Equality on top-level scalars of the metadata; a key that is absent is equal to nothing, not even `null`. */
  readonly metadata?: { readonly [key: string]: JsonScalar } | undefined
}

/** Whether a memory is what the filter asks for: the oracle for every store's own translation. */
export const matches = (filter: Filter, memory: Memory): boolean =>
  (filter.types === undefined || filter.types.includes(memory.type)) &&
  (filter.sources === undefined || filter.sources.includes(memory.source)) &&
  (filter.speakers === undefined || (memory.speaker !== null && filter.speakers.includes(memory.speaker))) &&
  (filter.sessionId === undefined || memory.sessionId === filter.sessionId) &&
  (filter.exceptSessionId === undefined || memory.sessionId !== filter.exceptSessionId) &&
  (filter.pinned === undefined || memory.pinned === filter.pinned) &&
  (filter.saidFrom === undefined || memory.saidAt >= filter.saidFrom) &&
  (filter.saidTo === undefined || memory.saidAt < filter.saidTo) &&
  (filter.metadata === undefined ||
    Object.entries(filter.metadata).every(
      ([key, value]) => Object.hasOwn(memory.metadata, key) && memory.metadata[key] === value
    ))
