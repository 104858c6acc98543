/** Conversations by brute force: what every other store's answers are compared with. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { MemoryStore } from "../MemoryStore.ts"
import { dropsEntry, newEntries, pageEntries, pageSessions, selectEntries } from "../lists/pages.ts"
import { type Scope, scopeKey } from "../../memory/Scope.ts"
import type { Entry, EntryKey } from "../sessions.ts"
import { withinLimits } from "./limits.ts"
import { type InMemoryData, scopeMemories, ensureSessionData } from "./inMemoryData.ts"

type Store = MemoryStore["Service"]

const entryId = ({ kind, number, sessionId }: EntryKey): string => JSON.stringify([sessionId, kind, number])

const allEntries = (data: InMemoryData, scope: Scope): Array<Entry> =>
  Array.from(data.sessions.get(scopeKey(scope))?.entries.values() ?? [])

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

  sessions: (request) => Effect.sync(() => pageSessions(scopeMemories(data, request.scope), request)),

  append: (request) =>
    withinLimits(
      data,
      request,
      () => [],
      Effect.suspend(() =>
        Effect.fromResult(
          Result.map(newEntries(allEntries(data, request.scope), request), (added) => {
            const { entries } = ensureSessionData(data, request.scope)
            for (const entry of added) entries.set(entryId(entry), entry)
          })
        )
      )
    ),

  entries: (request) => Effect.sync(() => selectEntries(allEntries(data, request.scope), request)),

  listEntries: (request) => Effect.sync(() => pageEntries(allEntries(data, request.scope), request)),

  dropEntries: (request) =>
    Effect.sync(() => {
      const doomed = allEntries(data, request.scope).filter((entry) => dropsEntry(request, entry))
      const { entries } = ensureSessionData(data, request.scope)
      for (const entry of doomed) entries.delete(entryId(entry))
      return doomed.length
    })
})
