import { Effect } from "effect"
import {
  type ContextItem,
  emptyBlock,
  headingLine,
  itemLine,
  renderBlock,
  type WrittenItem
} from "./renderContext.ts"
import { type ContextPart, RECALL_LIMIT_MAX, type ReadContextOptions } from "../input/options.ts"
import type { Filter } from "../memory/Filter.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"
import type { Ranked, Retriever } from "../recall/Retriever.ts"
import type { Scope } from "../memory/Scope.ts"
import { fourCharactersPerToken } from "../text/estimateTokens.ts"

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

/** Tokens of a context when nobody says. */
export const DEFAULT_CONTEXT_BUDGET = 600

/** Share of the budget that the profile may take, and that is kept for the end of the last session. */
const PROFILE_SHARE = 1 / 3
const LAST_TIME_SHARE = 1 / 5

const PROFILE_MAX = 40
/** Turns of the last session. */
const LAST_TIME_MAX = 6
/**
 * A memory of no more rows goes in whole, if the budget holds it: its owner's next question rarely shares
 * a word with the answer ("What was my project again?"), and there is nothing to choose from.
 */
const YOUNG_MAX = 24

/** A memory takes a dozen tokens at the least. */
const TOKENS_MIN = 12

/** Pinned first, then by importance, then what is recalled often, then what is new. */
const byWeight = (a: Memory, b: Memory): number =>
  Number(b.pinned) - Number(a.pinned) ||
  b.importance - a.importance ||
  b.accessCount - a.accessCount ||
  b.saidAt - a.saidAt ||
  (a.id < b.id ? -1 : 1)

/** A memory that may go into the block, and the tokens that its line takes. */
interface Candidate extends WrittenItem {
  readonly cost: number
}

/** The end of the last session; of memories without sessions, the last ones. */
const endOf = (latest: ReadonlyArray<Memory>): ReadonlyArray<Memory> =>
  latest.filter(({ sessionId }) => sessionId === latest[0]?.sessionId).slice(0, LAST_TIME_MAX)

interface Candidates {
  readonly profile: ReadonlyArray<Candidate>
  readonly relevant: ReadonlyArray<Candidate>
  readonly lastTime: ReadonlyArray<Candidate>
}

/** Which candidates go in. Each part in turn takes what fits of its share; what then fits of the rest follows. */
const choose = (
  { lastTime, profile, relevant }: Candidates,
  budget: number,
  headingCost: (part: ContextPart) => number
) => {
  const chosen = new Map<string, WrittenItem>()
  const parts = new Set<ContextPart>()
  let used = 0
  const take = (candidates: ReadonlyArray<Candidate>, until: number) => {
    for (const candidate of candidates) {
      const { memory, part } = candidate.item
      if (chosen.has(memory.id)) continue
      const cost = candidate.cost + (parts.has(part) ? 0 : headingCost(part))
      if (used + cost > until) continue
      used += cost
      parts.add(part)
      chosen.set(memory.id, candidate)
    }
  }
  const lastCost = lastTime.reduce((sum, { cost }) => sum + cost, 0)
  take(profile, budget * PROFILE_SHARE)
  take(relevant, budget - Math.min(lastCost, budget * LAST_TIME_SHARE))
  take(lastTime, budget)
  take(relevant, budget)
  take(profile, budget)
  const all = new Set([...profile, ...relevant, ...lastTime].map(({ item }) => item.memory.id))
  return { items: Array.from(chosen.values()), dropped: all.size - chosen.size }
}

/** Makes the block: profile, relevant, last time, in one budget. */
export const makeContext =
  (store: MemoryStore["Service"], retriever: Retriever) =>
  (request: {
    readonly scope: Scope
    readonly now: number
    readonly query: string
    readonly options: ReadContextOptions
  }): Effect.Effect<MemoryContext, MemoryError> =>
    Effect.gen(function* () {
      const { now, options, query, scope } = request
      const {
        budget = DEFAULT_CONTEXT_BUDGET,
        estimateTokens = fourCharactersPerToken,
        scores = false,
        threshold,
        without = []
      } = options
      const limit = options.limit ?? Math.min(RECALL_LIMIT_MAX, Math.max(1, Math.floor(budget / TOKENS_MIN)))
      const except: Filter = options.sessionId === undefined ? {} : { exceptSessionId: options.sessionId }
      const wants = (part: ContextPart) => !without.includes(part)
      const latest = (filter: Filter, rows: number) =>
        store.latest({ scope, now, filter: { ...filter, ...except }, limit: rows })
      const none: ReadonlyArray<Memory> = []
      const [pinned, standing, relevant, recent] = yield* Effect.all(
        [
          wants("profile") ? latest({ pinned: true }, PROFILE_MAX) : Effect.succeed(none),
          wants("profile")
            ? latest({ types: ["semantic", "procedural"] }, PROFILE_MAX)
            : Effect.succeed(none),
          wants("relevant")
            ? retriever.rank({
                scope,
                now,
                query,
                filter: except,
                limit,
                minScore: threshold
              })
            : Effect.succeed<ReadonlyArray<Ranked>>([]),
          wants("lastTime") ? latest({}, YOUNG_MAX + 1) : Effect.succeed(none)
        ],
        { concurrency: "unbounded" }
      )
      const profile = Array.from(
        new Map([...pinned, ...standing].map((memory) => [memory.id, memory])).values()
      ).sort(byWeight)

      const candidate = (memory: Memory, part: ContextPart, score: number | null): Candidate => {
        const item = { memory, part, score }
        const line = itemLine(item, scores)
        return { item, line, cost: estimateTokens(`\n${line}`) }
      }
      const known = {
        profile: profile.map((memory) => candidate(memory, "profile", null)),
        relevant: relevant.map(({ memory, score }) => candidate(memory, "relevant", score))
      }
      const isYoung = recent.length <= YOUNG_MAX
      const ending = endOf(recent)
      const last = (isYoung ? recent : ending).map((memory) => candidate(memory, "lastTime", null))
      const room = budget - estimateTokens(emptyBlock(now))
      const pick = (lastTime: ReadonlyArray<Candidate>) =>
        choose({ ...known, lastTime }, room, (part) => estimateTokens(`\n${headingLine(part)}`))
      const whole = isYoung ? pick(last) : undefined
      const { dropped, items } =
        whole?.dropped === 0 ? whole : pick(last.filter(({ item }) => ending.includes(item.memory)))
      const block = renderBlock(items, now)
      return { ...block, tokens: block.text === "" ? 0 : estimateTokens(block.text), dropped }
    })
