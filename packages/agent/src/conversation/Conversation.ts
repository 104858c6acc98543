import type { PromiseMemory } from "@keepsake/core"
import { invalidOption } from "../AgentError.ts"
import { type HistoryEntry, historyProblem, trimmed } from "./history.ts"

/** A session as plain JSON: what `session.export()` gives and `resume` takes. */
export interface SessionExport {
  readonly version: 1
  readonly agentId: string
  readonly userId: string
  readonly sessionId: string
  /** The number the next turn is remembered under; `null` while the store has not been asked. */
  readonly nextTurn: number | null
  /** Whether `exchanges` is all that was ever said in the session. */
  readonly complete: boolean
  readonly exchanges: ReadonlyArray<HistoryEntry>
}

/** Throws `InvalidInput` for anything but an export of this user's. */
export const checkExport = (from: SessionExport, agentId: string, userId: string): SessionExport => {
  const shaped =
    typeof from === "object" && from !== null && from.version === 1 && typeof from.sessionId === "string"
  if (!shaped) throw invalidOption("resume", "is not what session.export() gave")
  if (from.agentId !== agentId || from.userId !== userId)
    throw invalidOption("resume", "is another user's or another agent's session")
  const nextTurnKnown = from.nextTurn === null || (Number.isSafeInteger(from.nextTurn) && from.nextTurn >= 0)
  if (!nextTurnKnown) throw invalidOption("resume.nextTurn", "is not a turn")
  const problem = historyProblem(from.exchanges)
  if (problem !== undefined) throw invalidOption("resume.exchanges", problem)
  return from
}

const TURNS_AN_EXCHANGE = 2
const PAGE = 1_000

/** What was said in one session so far, and the numbers its turns are remembered under. */
export class Conversation {
  readonly #memory: PromiseMemory
  readonly #sessionId: string
  #entries: ReadonlyArray<HistoryEntry> = []
  /** Exchanges since this object began, kept or trimmed. */
  #said = 0
  /** The turn of the first of them; unknown until the store was asked. */
  #base: number | null
  /** Whether nothing was said in the session before, or all of it is in the history. */
  #complete: boolean

  constructor(
    memory: PromiseMemory,
    sessionId: string,
    from: {
      readonly base: number | null
      readonly complete: boolean
      readonly entries: ReadonlyArray<HistoryEntry>
    }
  ) {
    this.#memory = memory
    this.#sessionId = sessionId
    this.#base = from.base
    this.#complete = from.complete
    this.#entries = from.entries
  }

  get entries(): ReadonlyArray<HistoryEntry> {
    return this.#entries
  }

  /** True when the model has the whole session before its eyes, so that none of it need be recalled. */
  get complete(): boolean {
    return this.#complete
  }

  /** Keeps an exchange; gives its place, for `turnOf`. */
  add(entry: HistoryEntry, budgetTokens: number): number {
    const all = [...this.#entries, entry]
    // The exchange just made stays whatever its size: the next message is about it.
    const rest = trimmed(all, budgetTokens)
    this.#entries = rest.length === 0 ? [entry] : rest
    if (this.#entries.length < all.length) this.#complete = false
    return this.#said++
  }

  clear(): void {
    this.#entries = []
  }

  /** The user's turn of an exchange. Asks the store where the session stands, once. */
  async turnOf(place: number, signal: AbortSignal): Promise<number> {
    if (this.#base === null) {
      const next = await this.#nextTurn(signal)
      this.#base ??= next
      this.#complete ||= this.#base === 0 && this.#entries.length === this.#said
    }
    return this.#base + TURNS_AN_EXCHANGE * place
  }

  /** Another process took the turn: the numbers from `place` on move behind what it wrote. */
  async moveBehind(place: number, signal: AbortSignal): Promise<void> {
    this.#base = (await this.#nextTurn(signal)) - TURNS_AN_EXCHANGE * place
    this.#complete = false
  }

  async #nextTurn(signal: AbortSignal): Promise<number> {
    let next = 0
    let after: Parameters<PromiseMemory["list"]>[0] = {}
    for (;;) {
      const page = await this.#memory.list(
        { ...after, filter: { sessionId: this.#sessionId }, closed: true, limit: PAGE },
        { signal }
      )
      for (const { turn } of page.rows) next = Math.max(next, (turn ?? -1) + 1)
      if (page.next === null) return next
      after = { after: page.next }
    }
  }

  export(agentId: string, userId: string): SessionExport {
    return {
      version: 1,
      agentId,
      userId,
      sessionId: this.#sessionId,
      nextTurn: this.#base === null ? null : this.#base + TURNS_AN_EXCHANGE * this.#said,
      complete: this.#complete,
      exchanges: structuredClone(this.#entries)
    }
  }
}
