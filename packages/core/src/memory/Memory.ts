import type { Scope } from "./Scope.ts"

/** `episodic` is what happened, `semantic` what is so, `procedural` how things are done. */
export type MemoryType = "episodic" | "semantic" | "procedural"

/** Every type, for checks and menus. */
export const MEMORY_TYPES: ReadonlyArray<MemoryType> = ["episodic", "semantic", "procedural"]

/** Who stated it. A claim of the assistant weighs less than a statement of the user. */
export type MemorySource = "user" | "assistant" | "tool" | "system"

/** Every source, for checks and menus. */
export const MEMORY_SOURCES: ReadonlyArray<MemorySource> = ["user", "assistant", "tool", "system"]

/** Anything that JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<JsonValue>
  | { readonly [key: string]: JsonValue }

/** An object that JSON can hold. */
export type JsonObject = { readonly [key: string]: JsonValue }

/** A metadata value that a filter can ask for. */
export type JsonScalar = string | number | boolean | null

/** Half-open in epoch milliseconds: true from `from` up to, but not at, `to`; `null` is "still". */
export interface Interval {
  readonly from: number
  readonly to: number | null
}

/**
 * One remembered statement. Plain data: it survives `JSON.parse(JSON.stringify(memory))` unchanged.
 * All times are epoch milliseconds.
 */
export interface Memory {
  /** UUIDv5 of the text or of the key; see `memoryIdOfText` and `memoryIdOfKey`. */
  readonly id: string
  readonly scope: Scope
  /** The caller's idempotency key, of which the id is made then; `null` without one, or where the first version stored it. */
  readonly key: string | null
  /** NFC-normalised; never changed once written: `supersede` says what is so now. */
  readonly content: string
  readonly type: MemoryType
  readonly metadata: JsonObject
  readonly source: MemorySource
  /** A name, if several people talk. */
  readonly speaker: string | null
  /** The conversation it was said in, and its place there (0, 1, 2, …). */
  readonly sessionId: string | null
  readonly turn: number | null
  /** When it was said; may lie in the past, since history can be imported. */
  readonly saidAt: number
  /** 0 to 1; 0.5 when not given. */
  readonly importance: number
  readonly pinned: boolean
  readonly createdAt: number
  readonly updatedAt: number
  /** Gone when `expiresAt <= now`. */
  readonly expiresAt: number | null
  /** When the statement held: at least one interval, ascending, not overlapping; only the last may be open. */
  readonly validity: ReadonlyArray<Interval>
  readonly supersededBy: string | null
  readonly accessCount: number
  readonly lastAccessedAt: number | null
}
