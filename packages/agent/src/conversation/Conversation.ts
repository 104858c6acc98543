import type { PromiseMemory } from "@keepsake/core"
import { type HistoryEntry, trimHistory } from "./history.ts"
import type { SessionExport } from "./SessionExport.ts"

const TURNS_PER_EXCHANGE = 2

/** Where a conversation continues. */
export interface ConversationStart {
  /** The number of the next turn; `null` if only the store knows it. */
  readonly nextTurn: number | null
  /** Whether `entries` is the whole session. */
  readonly complete: boolean
  readonly entries: ReadonlyArray<HistoryEntry>
}

/** The exchanges of one session so far, and the numbers of their turns. */
export class Conversation {
  readonly #memory: PromiseMemory
  readonly #sessionId: string
  #entries: ReadonlyArray<HistoryEntry>
  /** Exchanges added to this object, trimmed ones included. */
  #addedCount = 0
  /** The turn of the first added exchange; `null` until the store was asked. */
  #firstTurn: number | null
  #complete: boolean

  constructor(memory: PromiseMemory, sessionId: string, start: ConversationStart) {
    this.#memory = memory
    this.#sessionId = sessionId
    this.#firstTurn = start.nextTurn
    this.#complete = start.complete
    this.#entries = start.entries
  }

  get entries(): ReadonlyArray<HistoryEntry> {
    return this.#entries
  }

  /** Whether the history is the whole session, so that none of it needs to be recalled. */
  get complete(): boolean {
    return this.#complete
  }

  /** Adds an exchange and returns its index, for `turnAt`. */
  add(entry: HistoryEntry, budgetTokens: number): number {
    const all = [...this.#entries, entry]
    // The latest exchange stays even if it exceeds the budget: the next message is about it.
    const rest = trimHistory(all, budgetTokens)
    this.#entries = rest.length === 0 ? [entry] : rest
    if (this.#entries.length < all.length) this.#complete = false
    return this.#addedCount++
  }

  clear(): void {
    this.#entries = []
  }

  /** The user's turn of an exchange. Asks the store for the session's next turn, once. */
  async turnAt(exchangeIndex: number, signal: AbortSignal): Promise<number> {
    if (this.#firstTurn === null) {
      const nextTurn = await this.#memory.nextTurn(this.#sessionId, { signal })
      // Another call may have set it during the wait.
      this.#firstTurn ??= nextTurn
      this.#complete ||= this.#firstTurn === 0 && this.#entries.length === this.#addedCount
    }
    return this.#firstTurn + TURNS_PER_EXCHANGE * exchangeIndex
  }

  /** Renumbers this exchange and the later ones, after another process took their turns. */
  async renumberFrom(exchangeIndex: number, signal: AbortSignal): Promise<void> {
    const nextTurn = await this.#memory.nextTurn(this.#sessionId, { signal })
    this.#firstTurn = nextTurn - TURNS_PER_EXCHANGE * exchangeIndex
    this.#complete = false
  }

  export(agentId: string, userId: string): SessionExport {
    return {
      version: 1,
      agentId,
      userId,
      sessionId: this.#sessionId,
      nextTurn: this.#firstTurn === null ? null : this.#firstTurn + TURNS_PER_EXCHANGE * this.#addedCount,
      complete: this.#complete,
      exchanges: structuredClone(this.#entries)
    }
  }
}
