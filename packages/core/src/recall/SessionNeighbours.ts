import type { Evidence, ReadTurn } from "./features.ts"
import type { RowFacts } from "../store/searching.ts"

/** A class, as evidence is. */
class SessionTurn implements ReadTurn {
  row: Evidence
  readonly session: Session
  earlier: ReadTurn | undefined = undefined
  previous: ReadTurn | undefined = undefined
  next: ReadTurn | undefined = undefined
  later: ReadTurn | undefined = undefined

  constructor(row: Evidence, session: Session) {
    this.row = row
    this.session = session
  }
}

/** The rows of one session that were read. */
class Session {
  readonly #turns = new Map<number, ReadTurn>()
  #strongest = 0

  add(row: Evidence, turn: number): void {
    if (row.prescore > this.#strongest) this.#strongest = row.prescore
    row.turn = this.#turns.get(turn) ?? this.#addTurn(row, turn)
    // Of several rows of one turn the last stands for it.
    row.turn.row = row
  }

  /** A score looks at the turns around a row again and again: each is looked up once. */
  #addTurn(row: Evidence, turn: number): ReadTurn {
    const turns = this.#turns
    const added = new SessionTurn(row, this)
    added.earlier = turns.get(turn - 2)
    added.previous = turns.get(turn - 1)
    added.next = turns.get(turn + 1)
    added.later = turns.get(turn + 2)
    if (added.earlier !== undefined) added.earlier.later = added
    if (added.previous !== undefined) added.previous.next = added
    if (added.next !== undefined) added.next.previous = added
    if (added.later !== undefined) added.later.earlier = added
    turns.set(turn, added)
    return added
  }

  at(turn: number): Evidence | undefined {
    return this.#turns.get(turn)?.row
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
