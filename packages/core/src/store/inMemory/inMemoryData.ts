/** The data of an in-memory store, and how rows are written and removed. */
import type { Calibration, Fingerprint } from "../../memory/Fingerprint.ts"
import { restate, type Restated } from "../../memory/lifetime.ts"
import type { Memory } from "../../memory/Memory.ts"
import { type PutRequest, type PutResult, refusedWhole } from "../MemoryStore.ts"
import type { StoreRow } from "../StoreRow.ts"
import { type Scope, scopeKey } from "../../memory/Scope.ts"
import type { Entry } from "../sessions.ts"

type Rows = Map<string, StoreRow>

/** A row's passages in the staged space. */
export type StagedSpace = Pick<StoreRow, "passages" | "owed">

/** What a scope keeps about its conversations. */
export interface SessionData {
  readonly scope: Scope
  /** The greatest turn that was removed, by session. */
  readonly lastTurns: Map<string, number>
  /** By `entryId`. */
  readonly entries: Map<string, Entry>
}

/** Layers over the same data see each other's writes. */
export interface InMemoryData {
  /** By `scopeKey`; a scope without rows has no entry. */
  readonly scopes: Map<string, Rows>
  /** By `scopeKey`. */
  readonly sessions: Map<string, SessionData>
  fingerprint: Fingerprint | null
  /** Measured of an embedder that came without one. */
  calibration: Calibration | null
  /** Rows by `stagedKey`. */
  staged: { readonly fingerprint: Fingerprint; readonly rows: Map<string, StagedSpace> } | null
}

/** Empty data for an `InMemoryStore`; several may share it. */
export const inMemoryData = (): InMemoryData => ({
  scopes: new Map(),
  sessions: new Map(),
  fingerprint: null,
  calibration: null,
  staged: null
})

export const stagedKey = (scope: Scope, id: string): string => `${scopeKey(scope)}\u0000${id}`

export const scopeRows = (data: InMemoryData, scope: Scope): Rows =>
  data.scopes.get(scopeKey(scope)) ?? new Map()

/** What a scope keeps about its conversations, made when it is first asked for. */
export const ensureSessionData = (data: InMemoryData, scope: Scope): SessionData => {
  const known = data.sessions.get(scopeKey(scope))
  if (known !== undefined) return known
  const made: SessionData = { scope, lastTurns: new Map(), entries: new Map() }
  data.sessions.set(scopeKey(scope), made)
  return made
}

export const scopeMemories = (data: InMemoryData, scope: Scope): Array<Memory> =>
  Array.from(scopeRows(data, scope).values(), (row) => row.memory)

export const allRows = (data: InMemoryData): ReadonlyArray<StoreRow> =>
  Array.from(data.scopes.values()).flatMap((rows) => Array.from(rows.values()))

/** Rows that the staged space lacks; empty if no space is staged. */
export const unstagedRows = (data: InMemoryData): ReadonlyArray<StoreRow> => {
  const { staged } = data
  if (staged === null) return []
  return allRows(data).filter(({ memory }) => !staged.rows.has(stagedKey(memory.scope, memory.id)))
}

export const keep = (data: InMemoryData, row: StoreRow): void => {
  const key = scopeKey(row.memory.scope)
  const rows = data.scopes.get(key) ?? new Map<string, StoreRow>()
  data.scopes.set(key, rows.set(row.memory.id, row))
}

/** Removes memories and their staged rows, and keeps their turns' numbers; returns how many. */
export const drop = (data: InMemoryData, doomed: ReadonlyArray<Memory>): number => {
  for (const { id, scope, sessionId, turn } of doomed) {
    const rows = scopeRows(data, scope)
    rows.delete(id)
    data.staged?.rows.delete(stagedKey(scope, id))
    if (rows.size === 0) data.scopes.delete(scopeKey(scope))
    if (sessionId === null || turn === null) continue
    const { lastTurns } = ensureSessionData(data, scope)
    lastTurns.set(sessionId, Math.max(lastTurns.get(sessionId) ?? turn, turn))
  }
  return doomed.length
}

/** The stored row that a row restates, and what becomes of it; `null` for a new one. */
const findRestated = (
  data: InMemoryData,
  { formerIds = [], memory, overwrites }: StoreRow,
  now: number
): { readonly stored: StoreRow; readonly restated: Restated } | null => {
  const rows = scopeRows(data, memory.scope)
  const storedId = [memory.id, ...formerIds].find((id) => rows.has(id))
  const stored = storedId === undefined ? undefined : rows.get(storedId)
  return stored === undefined ? null : { stored, restated: restate(stored.memory, memory, now, overwrites) }
}

/** Upserts a row by the rules of `restate`. */
export const putRow = (data: InMemoryData, given: StoreRow, now: number): PutResult => {
  const { formerIds: _, overwrites: __, ...row } = given
  const found = findRestated(data, given, now)
  if (found === null) {
    keep(data, row)
    return { id: row.memory.id, outcome: "created" }
  }
  const { restated, stored } = found
  const { id } = stored.memory
  if (restated.outcome === "conflict") return { id: row.memory.id, outcome: "conflict" }
  if (restated.outcome === "created") {
    drop(data, [stored.memory])
    keep(data, { ...row, memory: { ...row.memory, id } })
  } else {
    const paid = stored.owed && !row.owed
    keep(data, { ...(paid ? row : stored), memory: restated.memory })
  }
  return { id, outcome: restated.outcome }
}

/** Upserts rows, or none where `whole` forbids it. */
export const putRows = (data: InMemoryData, request: PutRequest): ReadonlyArray<PutResult> => {
  const { now, rows } = request
  const foreseen = rows.map((row) => findRestated(data, row, now)?.restated.outcome ?? "created")
  return refusedWhole(request, foreseen) ?? rows.map((row) => putRow(data, row, now))
}
