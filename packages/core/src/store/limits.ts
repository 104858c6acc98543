/** What a scope may hold, and what it holds. */
import type { Memory } from "../memory/Memory.ts"
import { utf8Length } from "../text/utf8Length.ts"

/** How much a scope holds; every row counts, expired and closed ones too, until it is removed. */
export interface ScopeUsage {
  readonly memories: number
  /** UTF-8 bytes of texts and metadata (`toBytes`), and of entries. */
  readonly bytes: number
  /** Memories whose vectors are owed. */
  readonly owed: number
}

/** A limit that is absent is none. */
export interface ScopeLimits {
  readonly memories?: number | undefined
  readonly bytes?: number | undefined
  /**
   * `refuse`: a write that does not fit fails with `LimitReached`. `dropOldest`: the oldest by `saidAt` make room, pins
   * and rows that supersede another last. Expired rows make room first either way.
   */
  readonly whenFull: "refuse" | "dropOldest"
}

/** The bytes that a memory counts for: UTF-8 of its text, and of its metadata as JSON unless that is `{}`. */
export const toBytes = ({ content, metadata }: Pick<Memory, "content" | "metadata">): number => {
  const json = JSON.stringify(metadata)
  return utf8Length(content) + (json === "{}" ? 0 : utf8Length(json))
}

/** The bytes that an entry counts for. */
export const toEntryBytes = ({ content }: { readonly content: string }): number => utf8Length(content)

/** How far a usage is above the limits; 0 where it is not. */
export const excess = (usage: Omit<ScopeUsage, "owed">, limits: ScopeLimits): Omit<ScopeUsage, "owed"> => ({
  memories: Math.max(0, usage.memories - (limits.memories ?? Number.POSITIVE_INFINITY)),
  bytes: Math.max(0, usage.bytes - (limits.bytes ?? Number.POSITIVE_INFINITY))
})
