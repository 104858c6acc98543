import { Effect } from "effect"
import type { Filter } from "./Filter.ts"
import type { Memory } from "./Memory.ts"
import { invalidInput, type MemoryError } from "./MemoryError.ts"
import type { MemoryStore } from "./MemoryStore.ts"
import type { Retriever } from "./Retriever.ts"
import type { Scope } from "./Scope.ts"

export type ContextPart = "profile" | "relevant" | "lastTime"

export interface ContextItem {
  readonly memory: Memory
  readonly part: ContextPart
  /** From recall; `null` for what is there without being asked for. */
  readonly score: number | null
}

/** The rendered block and what is in it. */
export interface MemoryContext {
  /** Goes to the model as it is; `""` when there is nothing to say. */
  readonly text: string
  /** Estimated size of `text`. */
  readonly tokens: number
  readonly items: ReadonlyArray<ContextItem>
  /** How many candidates found no room in the budget. */
  readonly dropped: number
}

export interface ContextOptions {
  /** Tokens for the whole block. */
  readonly budget?: number | undefined
  /** Parts to leave out. */
  readonly without?: ReadonlyArray<ContextPart> | undefined
  /** The conversation under way: it is not "last time", and what it holds need not be recalled. */
  readonly sessionId?: string | undefined
  /** Least score of the relevant part, 0 to 1. */
  readonly threshold?: number | undefined
  /** How many relevant memories at the most. */
  readonly limit?: number | undefined
  /** Shows each relevant memory's score; left out by default, since it tells the model nothing it can use. */
  readonly scores?: boolean | undefined
  /** Tokens of a text; four characters a token when absent. */
  readonly estimateTokens?: ((text: string) => number) | undefined
}

export const DEFAULT_CONTEXT_BUDGET = 600

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const line = ({ memory }: ContextItem): string => `- ${escape(memory.content)}`

/** Makes the block: profile, relevant, last time, in one budget. */
export const makeContext =
  (store: MemoryStore["Service"], retriever: Retriever) =>
  (request: {
    readonly scope: Scope
    readonly now: number
    readonly query: string
    readonly options: ContextOptions
  }): Effect.Effect<MemoryContext, MemoryError> =>
    Effect.gen(function* () {
      const { now, options, query, scope } = request
      const {
        budget = DEFAULT_CONTEXT_BUDGET,
        estimateTokens = (text) => Math.ceil(text.length / 4),
        without = []
      } = options
      if (!(Number.isInteger(budget) && budget > 0))
        return yield* invalidInput("budget", "give a whole number of tokens above 0")
      const wants = (part: ContextPart) => !without.includes(part)
      const except: Filter = options.sessionId === undefined ? {} : { exceptSessionId: options.sessionId }
      const none: ReadonlyArray<Memory> = []
      const [profile, relevant, lastTime] = yield* Effect.all(
        [
          wants("profile")
            ? store.latest({
                scope,
                now,
                filter: { types: ["semantic", "procedural"], ...except },
                limit: 20
              })
            : Effect.succeed(none),
          wants("relevant")
            ? retriever.recall({
                scope,
                now,
                query,
                options: {
                  ...except,
                  ...(options.limit === undefined ? {} : { limit: options.limit }),
                  ...(options.threshold === undefined ? {} : { threshold: options.threshold })
                }
              })
            : Effect.succeed([]),
          wants("lastTime") ? store.latest({ scope, now, filter: except, limit: 6 }) : Effect.succeed(none)
        ],
        { concurrency: "unbounded" }
      )
      const candidates: Array<ContextItem> = [
        ...profile.map((memory): ContextItem => ({ memory, part: "profile", score: null })),
        ...relevant.map(({ memory, score }): ContextItem => ({ memory, part: "relevant", score })),
        ...lastTime.map((memory): ContextItem => ({ memory, part: "lastTime", score: null }))
      ]
      const seen = new Set<string>()
      const items: Array<ContextItem> = []
      let dropped = 0
      let tokens = 20
      for (const item of candidates) {
        if (seen.has(item.memory.id)) continue
        seen.add(item.memory.id)
        const cost = estimateTokens(line(item))
        if (tokens + cost > budget) dropped += 1
        else {
          tokens += cost
          items.push(item)
        }
      }
      if (items.length === 0) return { text: "", tokens: 0, items, dropped }
      const text = `<memory>\n${items.map(line).join("\n")}\n</memory>`
      return { text, tokens: estimateTokens(text), items, dropped }
    })
