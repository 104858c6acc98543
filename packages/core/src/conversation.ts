import { type Evidence, strength } from "./evidence.ts"
import type { Memory } from "./Memory.ts"

/** Where the known rows stand in their conversations. */
export interface Conversation {
  /** The row so many turns later in the same session (earlier when negative), if it is known. */
  at(memory: Memory, offset: number): Evidence | undefined
  /** The greatest strength among the *other* known rows of the session; 0 where there is none. */
  elsewhere(row: Evidence): number
}

interface Session {
  readonly turns: Map<number, Evidence>
  best: Evidence
  second: Evidence | undefined
}

export const conversation = (rows: Iterable<Evidence>): Conversation => {
  const sessions = new Map<string, Session>()
  for (const row of rows) {
    const { sessionId, turn } = row.memory
    if (sessionId === null || turn === null) continue
    const session = sessions.get(sessionId)
    if (session === undefined) {
      sessions.set(sessionId, { turns: new Map([[turn, row]]), best: row, second: undefined })
      continue
    }
    session.turns.set(turn, row)
    if (strength(row) > strength(session.best)) {
      session.second = session.best
      session.best = row
    } else if (session.second === undefined || strength(row) > strength(session.second)) session.second = row
  }
  return {
    at: ({ sessionId, turn }, offset) =>
      sessionId === null || turn === null ? undefined : sessions.get(sessionId)?.turns.get(turn + offset),
    elsewhere: (row) => {
      const session = row.memory.sessionId === null ? undefined : sessions.get(row.memory.sessionId)
      if (session === undefined) return 0
      const other = session.best === row ? session.second : session.best
      return other === undefined ? 0 : strength(other)
    }
  }
}
