import { Schema } from "effect"
import { Scope } from "./Scope.ts"

/** `episodic` is what happened, `semantic` what is so, `procedural` how things are done. */
export type MemoryType = "episodic" | "semantic" | "procedural"
/** Every type, for checks and menus. */
export const MEMORY_TYPES: ReadonlyArray<MemoryType> = ["episodic", "semantic", "procedural"]
export const MemoryType: Schema.Codec<MemoryType> = Schema.Literals(["episodic", "semantic", "procedural"])

/** Who stated it. A claim of the assistant weighs less than a statement of the user. */
export type MemorySource = "user" | "assistant" | "tool" | "system"
/** Every source, for checks and menus. */
export const MEMORY_SOURCES: ReadonlyArray<MemorySource> = ["user", "assistant", "tool", "system"]
export const MemorySource: Schema.Codec<MemorySource> = Schema.Literals([
  "user",
  "assistant",
  "tool",
  "system"
])

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
  /** UUIDv5 of what makes the statement itself; see `memoryId`. */
  readonly id: string
  readonly scope: Scope
  /** NFC-normalised; never changed once written. Changing what is so is `supersede`. */
  readonly content: string
  readonly type: MemoryType
  readonly metadata: JsonObject
  readonly source: MemorySource
  /** A name, where several people talk. */
  readonly speaker: string | null
  /** The conversation it was said in, and its place there (0, 1, 2, …). */
  readonly sessionId: string | null
  readonly turn: number | null
  /** When it was said; may lie in the past, since history can be imported. */
  readonly saidAt: number
  /** 0 to 1; 0.5 unless said otherwise. */
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

const Interval: Schema.Codec<Interval> = Schema.Struct({ from: Schema.Int, to: Schema.NullOr(Schema.Int) })

export const Memory: Schema.Codec<Memory> = Schema.Struct({
  id: Schema.String.check(Schema.isUUID()),
  scope: Scope,
  content: Schema.String.check(Schema.isMinLength(1)),
  type: MemoryType,
  metadata: Schema.Record(Schema.String, Schema.Json),
  source: MemorySource,
  speaker: Schema.NullOr(Schema.String),
  sessionId: Schema.NullOr(Schema.String),
  turn: Schema.NullOr(Schema.Int),
  saidAt: Schema.Int,
  importance: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  pinned: Schema.Boolean,
  createdAt: Schema.Int,
  updatedAt: Schema.Int,
  expiresAt: Schema.NullOr(Schema.Int),
  validity: Schema.NonEmptyArray(Interval),
  supersededBy: Schema.NullOr(Schema.String),
  accessCount: Schema.Int,
  lastAccessedAt: Schema.NullOr(Schema.Int)
})
