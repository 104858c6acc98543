import type { PromiseMemory } from "@keepsake/core"
import { invalidOption } from "../AgentError.ts"
import { type HistoryEntry, historyProblem, trimmed } from "./history.ts"

/** A session as plain JSON: `session.export()` returns it and `resume` takes it. */
export interface SessionExport {
  readonly version: 1
  readonly agentId: string
  readonly userId: string
  readonly sessionId: string
  /** The number of the next turn; `null` until the store was asked. */
  readonly nextTurn: number | null
  /** Whether `exchanges` is the whole session. */
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

const TURNS_PER_EXCHANGE = 2

/** The exchanges of one session so far, and the numbers of their turns. */
export class Conversation {
  readonly #memory: PromiseMemory
  readonly #sessionId: string
  #entries: ReadonlyArray<HistoryEntry> = []
  /** Exchanges since this object was made, trimmed ones included. */
  #said = 0
  /** The turn of the first of them; `null` until the store was asked. */
  #base: number | null
  /** Whether the history is the whole session. */
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

  /** True when the model sees the whole session, so that none of it need be recalled. */
  get complete(): boolean {
    return this.#complete
  }

  /** Adds an exchange and returns its place, for `turnOf`. */
  add(entry: HistoryEntry, budgetTokens: number): number {
    const all = [...this.#entries, entry]
    // The latest exchange stays even if it exceeds the budget: the next message is about it.
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
      const next = await this.#memory.nextTurn(this.#sessionId, { signal })
      this.#base ??= next
      this.#complete ||= this.#base === 0 && this.#entries.length === this.#said
    }
    return this.#base + TURNS_PER_EXCHANGE * place
  }

  /** Renumbers the exchanges from `place` on behind the turns that another process took. */
  async moveBehind(place: number, signal: AbortSignal): Promise<void> {
    this.#base = (await this.#memory.nextTurn(this.#sessionId, { signal })) - TURNS_PER_EXCHANGE * place
    this.#complete = false
  }

  export(agentId: string, userId: string): SessionExport {
    return {
      version: 1,
      agentId,
      userId,
      sessionId: this.#sessionId,
      nextTurn: this.#base === null ? null : this.#base + TURNS_PER_EXCHANGE * this.#said,
      complete: this.#complete,
      exchanges: structuredClone(this.#entries)
    }
  }
}
