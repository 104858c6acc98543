/** Exports of other systems as statements. */
import type { Statement } from "@keepsake/core"
import { Option, Schema } from "effect"

/** A statement, and its user and agent in the other system. */
export interface ForeignStatement {
  readonly statement: Statement
  readonly userId: string | null
  readonly agentId: string | null
}

/** A statement and its position in the file, such as `line 3`. */
export interface LocatedStatement extends ForeignStatement {
  readonly position: string
}

const Text = Schema.optional(Schema.NullOr(Schema.String))
const Metadata = Schema.optional(Schema.NullOr(Schema.Record(Schema.String, Schema.Json)))

const Mem0Row = Schema.Struct({
  id: Schema.String,
  memory: Schema.String,
  metadata: Metadata,
  user_id: Text,
  agent_id: Text,
  run_id: Text,
  actor_id: Text,
  role: Text,
  created_at: Text,
  createdAt: Text,
  expiration_date: Text
})

const KronvexRow = Schema.Struct({
  id: Schema.String,
  content: Schema.String,
  agent_id: Text,
  session_id: Text,
  memory_type: Schema.optional(Schema.Literals(["episodic", "semantic", "procedural"])),
  metadata: Metadata,
  pinned: Schema.optional(Schema.Boolean),
  created_at: Text,
  expires_at: Text
})

/** Other systems write times without a zone, or with a space; a text that is not a time is left out. */
const parseTime = (text: string | null | undefined): number | undefined => {
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN
  return Number.isFinite(time) ? time : undefined
}

/** mem0 stores facts that a model extracted from a conversation: they are semantic. */
const fromMem0 = (row: typeof Mem0Row.Type): ForeignStatement => ({
  userId: row.user_id ?? null,
  agentId: row.agent_id ?? null,
  statement: {
    content: row.memory,
    type: "semantic",
    source: row.role === "assistant" ? "assistant" : "user",
    speaker: row.actor_id,
    sessionId: row.run_id,
    metadata: row.metadata ?? {},
    saidAt: parseTime(row.created_at ?? row.createdAt),
    expiresAt: parseTime(row.expiration_date),
    key: `mem0:${row.id}`
  }
})

/** Kronvex isolates users by session, so its session becomes the user. */
const fromKronvex = (row: typeof KronvexRow.Type): ForeignStatement => ({
  userId: row.session_id ?? null,
  agentId: row.agent_id ?? null,
  statement: {
    content: row.content,
    type: row.memory_type ?? "episodic",
    metadata: row.metadata ?? {},
    pinned: row.pinned ?? false,
    saidAt: parseTime(row.created_at),
    expiresAt: parseTime(row.expires_at),
    key: `kronvex:${row.id}`
  }
})

const decodeMem0 = Schema.decodeUnknownOption(Mem0Row)
const decodeKronvex = Schema.decodeUnknownOption(KronvexRow)

/** Parses a row of mem0 or Kronvex; `undefined` for any other. */
export const parseForeignRow = (row: unknown): ForeignStatement | undefined =>
  Option.getOrUndefined(
    Option.orElse(Option.map(decodeMem0(row), fromMem0), () => Option.map(decodeKronvex(row), fromKronvex))
  )

const LISTS = ["results", "memories", "data"] as const

/** The rows of a whole document: a list, or an object with a list under a name that these systems use. */
export const findRows = (document: unknown): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(document)) return document
  if (typeof document !== "object" || document === null) return undefined
  for (const name of LISTS) {
    const list: unknown = Reflect.get(document, name)
    if (Array.isArray(list)) return list
  }
  return undefined
}
