/** Conversations by brute force: what every other store's answers are compared with. */
import { Effect } from "effect"
import { isVisible } from "../../memory/lifetime.ts"
import type { MemoryError } from "../../memory/MemoryError.ts"
import type { MemoryStore } from "../MemoryStore.ts"
import { scopeKey } from "../../memory/Scope.ts"
import { entryConflict } from "../storeErrors.ts"
import type { Entry, EntryKey, SessionSummary } from "../sessions.ts"
import { type InMemoryData, scopeMemories, sessionDataOf } from "./inMemoryData.ts"

type Store = MemoryStore["Service"]

const entryId = ({ kind, number, sessionId }: EntryKey): string => JSON.stringify([sessionId, kind, number])

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byKey = (a: EntryKey, b: EntryKey): number =>
  byText(a.sessionId, b.sessionId) || byText(a.kind, b.kind) || a.number - b.number

const newestFirst = (
  a: Pick<SessionSummary, "lastSaidAt" | "sessionId">,
  b: Pick<SessionSummary, "lastSaidAt" | "sessionId">
): number => b.lastSaidAt - a.lastSaidAt || byText(a.sessionId, b.sessionId)

const summaries = (data: InMemoryData, request: Parameters<Store["sessions"]>[0]): Array<SessionSummary> => {
  const live = scopeMemories(data, request.scope).filter((memory) => isVisible(memory, request.now))
  const sessions = Map.groupBy(live, ({ sessionId }) => sessionId)
  return Array.from(sessions).flatMap(([sessionId, memories]) => {
    if (sessionId === null) return []
    const said = memories.map(({ saidAt }) => saidAt)
    return [
      {
        sessionId,
        firstSaidAt: said.reduce((a, b) => Math.min(a, b)),
        lastSaidAt: said.reduce((a, b) => Math.max(a, b)),
        turns: memories.length
      }
    ]
  })
}

type Sessions = Pick<Store, "sessions" | "lastTurn" | "append" | "entries" | "listEntries" | "dropEntries">

export const inMemorySessions = (data: InMemoryData): Sessions => ({
  lastTurn: ({ scope, sessionId }) =>
    Effect.sync(() => {
      const turns = scopeMemories(data, scope).flatMap(({ sessionId: session, turn }) =>
        session === sessionId && turn !== null ? [turn] : []
      )
      const removed = data.sessions.get(scopeKey(scope))?.lastTurns.get(sessionId)
      if (removed !== undefined) turns.push(removed)
      return turns.length === 0 ? null : turns.reduce((a, b) => Math.max(a, b))
    }),

  sessions: (request) =>
    Effect.sync(() => {
      const { after, limit } = request
      const found = summaries(data, request)
        .filter((session) => after === undefined || newestFirst(session, after) > 0)
        .sort(newestFirst)
      const shown = found.slice(0, limit)
      const last = shown.at(-1)
      const more = found.length > limit && last !== undefined
      return {
        sessions: shown,
        next: more ? { lastSaidAt: last.lastSaidAt, sessionId: last.sessionId } : null
      }
    }),

  append: ({ entries, now, scope }) =>
    Effect.suspend((): Effect.Effect<void, MemoryError> => {
      const kept = sessionDataOf(data, scope).entries
      const taken = entries.find(
        (entry) => (kept.get(entryId(entry))?.content ?? entry.content) !== entry.content
      )
      if (taken !== undefined) return Effect.fail(entryConflict(taken))
      for (const entry of entries) {
        if (!kept.has(entryId(entry))) kept.set(entryId(entry), { ...entry, createdAt: now })
      }
      return Effect.void
    }),

  entries: ({ after, kind, limit, newestFirst: reversed, scope, sessionId }) =>
    Effect.sync(() => {
      const sign = reversed === true ? -1 : 1
      return allEntries(data, scope)
        .filter((entry) => entry.sessionId === sessionId && entry.kind === kind)
        .filter(({ number }) => after === undefined || sign * (number - after) > 0)
        .sort((a, b) => sign * (a.number - b.number))
        .slice(0, limit)
    }),

  listEntries: ({ after, limit, scope }) =>
    Effect.sync(() => {
      const found = allEntries(data, scope)
        .filter((entry) => after === undefined || byKey(entry, after) > 0)
        .sort(byKey)
      const shown = found.slice(0, limit)
      const last = shown.at(-1)
      const more = found.length > limit && last !== undefined
      return {
        entries: shown,
        next: more ? { sessionId: last.sessionId, kind: last.kind, number: last.number } : null
      }
    }),

  dropEntries: ({ kind, scope, sessionId, through = Number.POSITIVE_INFINITY }) =>
    Effect.sync(() => {
      const doomed = allEntries(data, scope).filter(
        (entry) =>
          entry.sessionId === sessionId &&
          (kind === undefined || (entry.kind === kind && entry.number <= through))
      )
      for (const entry of doomed) sessionDataOf(data, scope).entries.delete(entryId(entry))
      return doomed.length
    })
})

const allEntries = (data: InMemoryData, scope: Parameters<Store["entries"]>[0]["scope"]): Array<Entry> =>
  Array.from(data.sessions.get(scopeKey(scope))?.entries.values() ?? [])
