import type { PromiseMemory } from "@keepsake/core"
import type { HistoryEntry } from "./history.ts"
import type { KeptExchange } from "./keptEntries.ts"
import type { LoadedHistory } from "./KeptHistory.ts"
import { countToTrim, estimateJson } from "./tokens.ts"

const TURNS_PER_EXCHANGE = 2

/** Bounds of the correction: a proxy may report no tokens, or those of another request. */
const CORRECTION_MIN = 0.5
const CORRECTION_MAX = 8

/** Where a conversation continues. */
export interface ConversationStart {
  /** The number of the next turn; `null` if only the store knows it. */
  readonly nextTurn: number | null
  /** Whether `entries` is the whole session. */
  readonly complete: boolean
  readonly entries: ReadonlyArray<HistoryEntry>
}

interface Exchange {
  readonly entry: HistoryEntry
  readonly tokens: number
  /** Its id and place in the store. */
  readonly exchangeId?: string | undefined
  readonly turn?: number | undefined
  firstNumber?: number | undefined
}

/** An exchange that begins. */
export interface BegunExchange {
  /** For `turnAt`. */
  readonly index: number
  /** The exchange of which it takes the place. */
  readonly replaces: string | undefined
}

/** An exchange that got no whole reply: the same message again takes its place. */
interface Unanswered {
  readonly key: string
  readonly index: number
  /** As the history shows it; `undefined` if it does not. */
  readonly exchange: Exchange | undefined
}

/** Even, so that the turn of an answer under way in another process stays free. */
const roundTurn = (turn: number): number => turn + (turn % TURNS_PER_EXCHANGE)

const toExchange = (entry: HistoryEntry, place: Partial<Exchange> = {}): Exchange => ({
  ...place,
  entry,
  tokens: estimateJson(entry)
})

const fromKept = ({ entry, exchangeId, firstNumber, turn }: KeptExchange): Exchange =>
  toExchange(entry, { exchangeId, firstNumber, turn })

/** The exchanges of one session so far, and the numbers of their turns. */
export class Conversation {
  readonly #memory: PromiseMemory
  readonly #sessionId: string
  #exchanges: ReadonlyArray<Exchange>
  /** Exchanges begun in this object, trimmed ones included. */
  #begunCount = 0
  /** The turn of the first exchange begun; `null` until the store was asked. */
  #firstTurn: number | null
  #complete: boolean
  #isTrimmed = false
  #unanswered: Unanswered | undefined
  /** Tokens by the API's count, of one estimated token. */
  #correction = 1
  /** Most tokens of the history, by the API's count; less than the setting after the API refused a request. */
  #limitTokens = Number.POSITIVE_INFINITY

  constructor(memory: PromiseMemory, sessionId: string, start: ConversationStart) {
    this.#memory = memory
    this.#sessionId = sessionId
    this.#firstTurn = start.nextTurn
    this.#complete = start.complete
    this.#exchanges = start.entries.map((entry) => toExchange(entry))
  }

  get entries(): ReadonlyArray<HistoryEntry> {
    return this.#exchanges.map(({ entry }) => entry)
  }

  /** The history's tokens, as estimated. */
  get tokens(): number {
    return this.#exchanges.reduce((sum, { tokens }) => sum + tokens, 0)
  }

  /** Whether the history is the whole session, so that none of it needs to be recalled. */
  get complete(): boolean {
    return this.#complete
  }

  /**
   * Begins an exchange and returns its index, for `turnAt`. The message that got no whole reply, sent again, has the
   * index that it had.
   */
  begin(key: string): BegunExchange {
    const last = this.#unanswered
    this.#unanswered = undefined
    if (last?.key !== key) return { index: this.#begunCount++, replaces: undefined }
    this.#exchanges = this.#exchanges.filter((exchange) => exchange !== last.exchange)
    return { index: last.index, replaces: last.exchange?.exchangeId }
  }

  /** Adds an exchange. */
  add(entry: HistoryEntry, budgetTokens: number, exchangeId: string): void {
    this.#exchanges = [...this.#exchanges, toExchange(entry, { exchangeId })]
    this.trim(budgetTokens)
  }

  /** Puts what the store has of the session before what this object added. */
  restore({ exchanges, isWhole }: LoadedHistory): void {
    const isFirst = this.#begunCount === 0
    const restored = exchanges.map(fromKept)
    this.#exchanges = [...restored, ...this.#exchanges]
    if (exchanges.length > 0) this.#complete = isWhole
    const last = exchanges.at(-1)
    if (!isFirst || last?.isBrokenOff !== true || last.key === undefined || last.turn === undefined) return
    this.#firstTurn = last.turn
    this.#begunCount = 1
    this.#unanswered = { key: last.key, index: 0, exchange: restored.at(-1) }
  }

  /** Adds what other processes said in the session. */
  addOthers(exchanges: ReadonlyArray<KeptExchange>): void {
    if (exchanges.length === 0) return
    const others = new Set(exchanges.flatMap(({ replaces }) => replaces ?? []))
    const turns = new Set(exchanges.flatMap(({ turn }) => turn ?? []))
    // One that was recovered as unanswered, and is answered now.
    const isOutdated = ({ exchangeId, firstNumber, turn }: Exchange) =>
      (exchangeId !== undefined && others.has(exchangeId)) ||
      (turn !== undefined && firstNumber === undefined && turns.has(turn))
    this.#exchanges = [...this.#exchanges.filter((known) => !isOutdated(known)), ...exchanges.map(fromKept)]
  }

  /** The place of an exchange in the store. */
  place(exchangeId: string, firstNumber: number): void {
    for (const exchange of this.#exchanges)
      if (exchange.exchangeId === exchangeId) exchange.firstNumber = firstNumber
  }

  /** The first number in the store of what was not trimmed; `undefined` if nothing was. */
  get oldestNumber(): number | undefined {
    const numbers = this.#exchanges.flatMap(({ firstNumber }) => firstNumber ?? [])
    return this.#isTrimmed && numbers.length > 0 ? Math.min(...numbers) : undefined
  }

  /** Ends an exchange without a whole reply. `entry` is what the history shows of it. */
  leaveUnanswered(
    key: string,
    { exchangeId, index }: { readonly index: number; readonly exchangeId: string },
    entry: HistoryEntry | undefined
  ): void {
    const exchange = entry === undefined ? undefined : toExchange(entry, { exchangeId })
    if (exchange !== undefined) this.#exchanges = [...this.#exchanges, exchange]
    this.#unanswered = { key, index, exchange }
  }

  /** Learns from a request whose tokens the API counted. */
  correct(countedTokens: number, estimatedTokens: number): void {
    if (countedTokens <= 0 || estimatedTokens <= 0) return
    this.#correction = Math.min(CORRECTION_MAX, Math.max(CORRECTION_MIN, countedTokens / estimatedTokens))
  }

  /** Drops the oldest exchanges beyond the budget. The latest stays: the next message is about it. */
  trim(budgetTokens: number): void {
    const budget = Math.min(budgetTokens, this.#limitTokens)
    const sizes = this.#exchanges.map(({ tokens }) => tokens * this.#correction)
    this.#drop(Math.min(countToTrim(sizes, budget), Math.max(0, sizes.length - 1)))
  }

  /** Drops the oldest exchanges that hold this many tokens by the API's count. False if there are none. */
  dropOldest(tokens: number): boolean {
    if (this.#exchanges.length === 0) return false
    let count = 0
    for (let dropped = 0; dropped < tokens && count < this.#exchanges.length; count++)
      dropped += (this.#exchanges[count]?.tokens ?? 0) * this.#correction
    this.#drop(count)
    this.#limitTokens = Math.min(this.#limitTokens, Math.max(1, this.tokens * this.#correction))
    return true
  }

  #drop(count: number): void {
    if (count === 0) return
    this.#exchanges = this.#exchanges.slice(count)
    this.#isTrimmed = true
    this.#complete = false
  }

  clear(): void {
    this.#exchanges = []
    this.#unanswered = undefined
  }

  /** The user's turn of an exchange. Asks the store for the session's next turn, once. */
  async turnAt(exchangeIndex: number, signal: AbortSignal): Promise<number> {
    if (this.#firstTurn === null) {
      const nextTurn = roundTurn(await this.#memory.nextTurn(this.#sessionId, { signal }))
      // Another call may have set it during the wait.
      this.#firstTurn ??= nextTurn
      this.#complete ||= this.#firstTurn === 0 && !this.#isTrimmed
    }
    return this.#firstTurn + TURNS_PER_EXCHANGE * exchangeIndex
  }

  /** Renumbers this exchange and the later ones, after another process took the turn. */
  async renumberFrom(exchangeIndex: number, takenTurn: number, signal: AbortSignal): Promise<void> {
    const nextTurn = roundTurn(await this.#memory.nextTurn(this.#sessionId, { signal }))
    const isRenumbered =
      this.#firstTurn === null || this.#firstTurn + TURNS_PER_EXCHANGE * exchangeIndex !== takenTurn
    if (isRenumbered) return
    this.#firstTurn = nextTurn - TURNS_PER_EXCHANGE * exchangeIndex
    this.#complete = false
  }

  export(agentId: string, userId: string) {
    return {
      version: 1 as const,
      agentId,
      userId,
      sessionId: this.#sessionId,
      nextTurn: this.#firstTurn === null ? null : this.#firstTurn + TURNS_PER_EXCHANGE * this.#begunCount,
      complete: this.#complete,
      exchanges: structuredClone(this.entries)
    }
  }
}
