import { type Entry, type Memory, MemoryError, type PromiseMemory, turnKey } from "@keepsake/core"
import { estimateTokens, memoryIdOfKey, STORE_LIMITS } from "@keepsake/core/driver"
import type { ContentBlock, HistoryEntry } from "./history.ts"
import {
  type ExchangeMark,
  HISTORY_KIND,
  type KeptExchange,
  readExchanges,
  toEntries
} from "./keptEntries.ts"
import { readUserMessage } from "./userContent.ts"

/** Attempts to find free numbers: each loses only to another process that won. */
const APPEND_ATTEMPTS = 8
const PAGE_ENTRIES = 200

/** A message that was kept as a memory, and whose answer was not: its process ended in the middle. */
const readUnanswered = async (
  memory: PromiseMemory,
  sessionId: string,
  lastTurn: number,
  signal: AbortSignal
): Promise<Memory | undefined> => {
  const { rows } = await memory.list(
    { where: { sessionId, source: "user" }, newestFirst: true, limit: 1 },
    { signal }
  )
  return rows.find(({ key, turn }) => turn !== null && turn > lastTurn && key === turnKey(sessionId, turn))
}

const hasAnswer = async (memory: PromiseMemory, row: Memory, signal: AbortSignal): Promise<boolean> => {
  const { sessionId, turn } = row
  if (sessionId === null || turn === null) return true
  const id = memoryIdOfKey(memory.scope, turnKey(sessionId, turn + 1))
  return (await memory.get(id, { signal })) !== null
}

/** What the store has of a session. */
export interface LoadedHistory {
  readonly exchanges: ReadonlyArray<KeptExchange>
  /** Whether it is the whole session. */
  readonly isWhole: boolean
}

export interface KeptHistoryOptions {
  readonly memory: PromiseMemory
  readonly sessionId: string
  /** Whether nothing can be in the store yet. */
  readonly isNew: boolean
  /** Whether the caller has the history: what the store has of it is not read. */
  readonly isGiven: boolean
  /** Tokens that are read, by estimate; older exchanges stay in the store. */
  readonly budgetTokens: number
  readonly breakOff: (entry: HistoryEntry) => HistoryEntry
  readonly toKey: (speaker: string | undefined, blocks: ReadonlyArray<ContentBlock>) => string
}

/** The history of one session in the store: read when the session begins, and appended to by each of its processes. */
export class KeptHistory {
  readonly #options: KeptHistoryOptions
  /** The next free number; `null` until the store was asked. */
  #next: number | null
  /** Exchanges of this object, which are not read back. */
  readonly #own = new Set<string>()
  /** Appends run one after the other. */
  #appending: Promise<unknown> = Promise.resolve()
  /** Exchanges of other processes that an append met. */
  #met: ReadonlyArray<KeptExchange> = []
  #droppedThrough = -1

  constructor(options: KeptHistoryOptions) {
    this.#options = options
    this.#next = options.isNew ? 0 : null
  }

  get isLoaded(): boolean {
    return this.#next !== null
  }

  /** After everything was forgotten, the store is asked again. */
  reset(): void {
    this.#next = null
    this.#droppedThrough = -1
    this.#met = []
  }

  /** Reads the newest exchanges within the budget. */
  async load(signal: AbortSignal): Promise<LoadedHistory> {
    const { breakOff, budgetTokens, isGiven, memory, sessionId } = this.#options
    if (isGiven) {
      await this.#findNext(signal)
      return { exchanges: [], isWhole: false }
    }
    const entries: Array<Entry> = []
    let tokens = 0
    let isWhole = false
    while (tokens < budgetTokens && !isWhole) {
      const before = entries[0]?.number
      const page = await memory.entries(
        {
          sessionId,
          kind: HISTORY_KIND,
          newestFirst: true,
          limit: PAGE_ENTRIES,
          ...(before === undefined ? {} : { after: before })
        },
        { signal }
      )
      for (const entry of page) {
        entries.unshift(entry)
        tokens += estimateTokens(entry.content)
      }
      isWhole = page.length < PAGE_ENTRIES
    }
    const next = (entries.at(-1)?.number ?? -1) + 1
    this.#next = Math.max(this.#next ?? 0, next)
    const exchanges = readExchanges(entries, breakOff).filter(({ exchangeId }) => !this.#own.has(exchangeId))
    const unanswered = await this.#recover(exchanges, signal)
    return {
      exchanges: [...exchanges, ...unanswered],
      // Turns of a session whose history was not kept are in the memory alone.
      isWhole: isWhole && entries[0]?.number === 0
    }
  }

  async #recover(
    exchanges: ReadonlyArray<KeptExchange>,
    signal: AbortSignal
  ): Promise<ReadonlyArray<KeptExchange>> {
    const { breakOff, memory, sessionId, toKey } = this.#options
    const lastTurn = Math.max(-1, ...exchanges.map(({ turn }) => turn ?? -1))
    const row = await readUnanswered(memory, sessionId, lastTurn, signal)
    // An answer that was kept, or a session whose history was not.
    const isAnswered = row === undefined || (await hasAnswer(memory, row, signal))
    if (isAnswered) return []
    const { blocks } = readUserMessage(row.content, row.speaker ?? undefined)
    return [
      {
        exchangeId: row.id,
        entry: breakOff([{ role: "user", content: Array.from(blocks) }]),
        key: toKey(row.speaker ?? undefined, blocks),
        turn: row.turn ?? undefined,
        isBrokenOff: true,
        replaces: undefined,
        firstNumber: undefined
      }
    ]
  }

  /** Exchanges that other processes added since the last call. */
  async readNew(signal: AbortSignal): Promise<ReadonlyArray<KeptExchange>> {
    // The other processes cannot know its id yet.
    if (this.#options.isNew && this.#own.size === 0) return []
    await this.#catchUp(signal)
    const met = this.#met
    this.#met = []
    return met
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { breakOff, memory, sessionId } = this.#options
    const first = this.#next ?? 0
    const entries = await memory.entries(
      {
        sessionId,
        kind: HISTORY_KIND,
        limit: STORE_LIMITS.rows,
        ...(first === 0 ? {} : { after: first - 1 })
      },
      { signal }
    )
    this.#next = Math.max(this.#next ?? 0, (entries.at(-1)?.number ?? -1) + 1)
    const others = readExchanges(entries, breakOff).filter(({ exchangeId }) => !this.#own.has(exchangeId))
    this.#met = [...this.#met, ...others]
  }

  /** Appends an exchange after what other processes appended; returns the number of its first entry. */
  append(messages: HistoryEntry, mark: ExchangeMark, signal: AbortSignal): Promise<number> {
    this.#own.add(mark.exchangeId)
    const work = this.#appending.then(() =>
      this.#appendNow(toEntries(this.#options.sessionId, messages, mark), signal)
    )
    this.#appending = work.catch(() => {})
    return work
  }

  async #appendNow(inputs: ReturnType<typeof toEntries>, signal: AbortSignal): Promise<number> {
    const { memory } = this.#options
    if (this.#next === null) await this.#findNext(signal)
    let firstNumber = this.#next ?? 0
    for (let start = 0; start < inputs.length; start += STORE_LIMITS.entries) {
      const batch = inputs.slice(start, start + STORE_LIMITS.entries)
      for (let attempt = 1; ; attempt++) {
        const first = this.#next ?? 0
        try {
          await memory.appendEntries(
            batch.map((entry, i) => ({ ...entry, number: first + i })),
            { signal }
          )
          this.#next = Math.max(this.#next ?? 0, first + batch.length)
          if (start === 0) firstNumber = first
          break
        } catch (error) {
          const isTaken = error instanceof MemoryError && error.reason._tag === "Conflict"
          if (!isTaken || attempt >= APPEND_ATTEMPTS) throw error
          await this.#catchUp(signal)
        }
      }
    }
    return firstNumber
  }

  async #findNext(signal: AbortSignal): Promise<void> {
    const { memory, sessionId } = this.#options
    const [last] = await memory.entries(
      { sessionId, kind: HISTORY_KIND, newestFirst: true, limit: 1 },
      { signal }
    )
    this.#next ??= (last?.number ?? -1) + 1
  }

  /** Drops the entries before a number, which no history holds any more. */
  async dropBefore(number: number, signal: AbortSignal): Promise<void> {
    const through = number - 1
    if (through <= this.#droppedThrough) return
    const { memory, sessionId } = this.#options
    await memory.dropEntries({ sessionId, kind: HISTORY_KIND, through }, { signal })
    this.#droppedThrough = through
  }
}
