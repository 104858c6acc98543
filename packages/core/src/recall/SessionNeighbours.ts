import type { Evidence } from "./features.ts"
import type { RowFacts } from "../store/searching.ts"

/** The rows of one session that were read. */
class Session {
  readonly #turns = new Map<number, Evidence>()
  #strongest = 0

  add(row: Evidence, turn: number): void {
    this.#turns.set(turn, row)
    if (row.prescore > this.#strongest) this.#strongest = row.prescore
  }

  at(turn: number): Evidence | undefined {
    return this.#turns.get(turn)
  }

  /** The greatest prescore of its rows. */
  get strongest(): number {
    return this.#strongest
  }
}

/** The rows that were read, by session and turn. */
export class SessionNeighbours {
  readonly #sessions = new Map<string, Session>()

  add(row: Evidence): void {
    const { sessionId, turn } = row.facts
    if (sessionId === null || turn === null) return
    let session = this.#sessions.get(sessionId)
    if (session === undefined) {
      session = new Session()
      this.#sessions.set(sessionId, session)
    }
    session.add(row, turn)
  }

  /** The session of a row; `undefined` if it has none, or none of its rows was read. */
  of({ sessionId }: RowFacts): Session | undefined {
    return sessionId === null ? undefined : this.#sessions.get(sessionId)
  }
}
