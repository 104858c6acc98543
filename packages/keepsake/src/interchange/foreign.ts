/** What other systems export, as statements of this one. */
import type { JsonObject, Statement } from "@keepsake/core"
import { Option, Schema } from "effect"

/** A statement and whose it was where it came from. */
export interface ForeignStatement {
  readonly statement: Statement
  readonly userId: string | null
  readonly agentId: string | null
}

/** The same, and where in the file it stands. */
export interface PlacedStatement extends ForeignStatement {
  readonly place: string
}

const text = Schema.optional(Schema.NullOr(Schema.String))
const Metadata = Schema.optional(Schema.NullOr(Schema.Record(Schema.String, Schema.Json)))

const Mem0Row = Schema.Struct({
  id: Schema.String,
  memory: Schema.String,
  metadata: Metadata,
  user_id: text,
  agent_id: text,
  run_id: text,
  actor_id: text,
  role: text,
  created_at: text,
  createdAt: text,
  expiration_date: text
})

const KronvexRow = Schema.Struct({
  id: Schema.String,
  content: Schema.String,
  agent_id: text,
  session_id: text,
  memory_type: Schema.optional(Schema.Literals(["episodic", "semantic", "procedural"])),
  metadata: Metadata,
  pinned: Schema.optional(Schema.Boolean),
  created_at: text,
  expires_at: text
})

const time = (iso: string | null | undefined): number | undefined => {
  const at = typeof iso === "string" ? Date.parse(iso) : Number.NaN
  return Number.isFinite(at) ? at : undefined
}

const object = (metadata: JsonObject | null | undefined): JsonObject => metadata ?? {}

/** mem0 keeps facts that a model drew from the conversation: they are semantic, and nobody's own words. */
const fromMem0 = (row: typeof Mem0Row.Type): ForeignStatement => ({
  userId: row.user_id ?? null,
  agentId: row.agent_id ?? null,
  statement: {
    content: row.memory,
    type: "semantic",
    source: row.role === "assistant" ? "assistant" : "user",
    speaker: row.actor_id,
    sessionId: row.run_id,
    metadata: object(row.metadata),
    saidAt: time(row.created_at ?? row.createdAt),
    expiresAt: time(row.expiration_date),
    key: `mem0:${row.id}`
  }
})

/** Kronvex's session is what isolates one user from another there: here that is the user. */
const fromKronvex = (row: typeof KronvexRow.Type): ForeignStatement => ({
  userId: row.session_id ?? null,
  agentId: row.agent_id ?? null,
  statement: {
    content: row.content,
    type: row.memory_type ?? "episodic",
    metadata: object(row.metadata),
    pinned: row.pinned ?? false,
    saidAt: time(row.created_at),
    expiresAt: time(row.expires_at),
    key: `kronvex:${row.id}`
  }
})

const decodeMem0 = Schema.decodeUnknownOption(Mem0Row)
const decodeKronvex = Schema.decodeUnknownOption(KronvexRow)

/** One row of mem0's or Kronvex's, or `undefined` when it is neither. */
export const foreignRow = (row: unknown): ForeignStatement | undefined =>
  Option.getOrUndefined(
    Option.orElse(Option.map(decodeMem0(row), fromMem0), () => Option.map(decodeKronvex(row), fromKronvex))
  )

const LISTS = ["results", "memories", "data"] as const

/** The rows of a whole document: a list, or an object that holds one under a name these systems use. */
export const foreignRows = (document: unknown): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(document)) return document
  if (typeof document !== "object" || document === null) return undefined
  for (const name of LISTS) {
    const list: unknown = Reflect.get(document, name)
    if (Array.isArray(list)) return list
  }
  return undefined
}
