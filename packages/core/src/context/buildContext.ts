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
import { allOf, ANY, type Condition, isIn, not } from "../memory/Condition.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"
import type { Ranked, Retriever } from "../recall/Retriever.ts"
import type { Scope } from "../memory/Scope.ts"
import { fourCharactersPerToken } from "../text/estimateTokens.ts"

/** The rendered block and what is in it. */
export interface MemoryContext {
  /** Goes to the model unchanged; `""` when there is nothing to show. */
  readonly text: string
  /** Estimated size of `text`. */
  readonly tokens: number
  readonly items: ReadonlyArray<ContextItem>
  /** Candidates that did not fit the budget. */
  readonly dropped: number
}

/** Tokens of a block when `budgetTokens` is absent. */
export const DEFAULT_CONTEXT_BUDGET = 600

/** Shares of the budget: most for the profile, and reserved for the end of the last session. */
const PROFILE_SHARE = 1 / 3
const LAST_TIME_SHARE = 1 / 5

const PROFILE_MAX = 40
/** Turns of the last session. */
const LAST_TIME_MAX = 6
/**
 * A scope of up to this many rows goes in whole if the budget holds it: early questions rarely share a word
 * with their answer ("What was my project again?").
 */
const YOUNG_MAX = 24

/** A line takes at least a dozen tokens. */
const TOKENS_MIN = 12

/** Pinned first, then the most important, the most recalled, the newest. */
const byWeight = (a: Memory, b: Memory): number =>
  Number(b.pinned) - Number(a.pinned) ||
  b.importance - a.importance ||
  b.accessCount - a.accessCount ||
  b.saidAt - a.saidAt ||
  (a.id < b.id ? -1 : 1)

/** A memory that may go into the block, and the tokens of its line. */
interface Candidate extends WrittenItem {
  readonly cost: number
}

/** The end of the last session, or the last memories where none has a session. */
const lastTurns = (latest: ReadonlyArray<Memory>): ReadonlyArray<Memory> =>
  latest.filter(({ sessionId }) => sessionId === latest[0]?.sessionId).slice(0, LAST_TIME_MAX)

interface Candidates {
  readonly profile: ReadonlyArray<Candidate>
  readonly relevant: ReadonlyArray<Candidate>
  readonly lastTime: ReadonlyArray<Candidate>
}

/** Chooses candidates: each part in turn takes what fits its share, then what fits the rest. */
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

/** What a block is made for. Its values are checked. */
export interface ContextRequest {
  readonly scope: Scope
  readonly now: number
  readonly query: string
  readonly options: ReadContextOptions
}

interface ContextServices {
  readonly store: MemoryStore["Service"]
  readonly retriever: Retriever["Service"]
}

const limitFrom = ({ budgetTokens = DEFAULT_CONTEXT_BUDGET, limit }: ReadContextOptions): number =>
  limit ?? Math.min(RECALL_LIMIT_MAX, Math.max(1, Math.floor(budgetTokens / TOKENS_MIN)))

/** The memories that each part may show. */
const readMemories = Effect.fnUntraced(function* (
  { retriever, store }: ContextServices,
  { now, options, query, scope }: ContextRequest
) {
  const { minScore, omit = [], sessionId, where = ANY } = options
  const elsewhere = sessionId === undefined ? ANY : not(isIn({ field: "sessionId" }, [sessionId]))
  const outside = allOf([where, elsewhere])
  const wants = (part: ContextPart) => !omit.includes(part)
  const latest = (part: ContextPart, filter: Condition, limit: number) =>
    wants(part)
      ? store.latest({ scope, now, filter: allOf([filter, outside]), limit })
      : Effect.succeed<ReadonlyArray<Memory>>([])
  const ranked = wants("relevant")
    ? retriever.rank({ scope, now, query, filter: outside, limit: limitFrom(options), minScore })
    : Effect.succeed<ReadonlyArray<Ranked>>([])
  const [pinned, standing, relevant, recent] = yield* Effect.all(
    [
      latest("profile", isIn({ field: "pinned" }, [true]), PROFILE_MAX),
      latest("profile", isIn({ field: "type" }, ["semantic", "procedural"]), PROFILE_MAX),
      ranked,
      latest("lastTime", ANY, YOUNG_MAX + 1)
    ],
    { concurrency: "unbounded" }
  )
  const byId = new Map([...pinned, ...standing].map((memory) => [memory.id, memory]))
  return { profile: Array.from(byId.values()).sort(byWeight), relevant, recent }
})

/** Makes the block: profile, relevant, last time, in one budget. */
export const buildContext = Effect.fnUntraced(function* (services: ContextServices, request: ContextRequest) {
  const { now, options } = request
  const {
    budgetTokens = DEFAULT_CONTEXT_BUDGET,
    estimateTokens = fourCharactersPerToken,
    showScores = false
  } = options
  const { profile, recent, relevant } = yield* readMemories(services, request)

  const toCandidate = (memory: Memory, part: ContextPart, score: number | null): Candidate => {
    const item = { memory, part, score }
    const line = itemLine(item, showScores)
    return { item, line, cost: estimateTokens(`\n${line}`) }
  }
  const always = {
    profile: profile.map((memory) => toCandidate(memory, "profile", null)),
    relevant: relevant.map(({ memory, score }) => toCandidate(memory, "relevant", score))
  }
  const isYoung = recent.length <= YOUNG_MAX
  const ending = lastTurns(recent)
  const lastTime = (isYoung ? recent : ending).map((memory) => toCandidate(memory, "lastTime", null))
  const room = budgetTokens - estimateTokens(emptyBlock(now))
  const pick = (candidates: ReadonlyArray<Candidate>) =>
    choose({ ...always, lastTime: candidates }, room, (part) => estimateTokens(`\n${headingLine(part)}`))
  const whole = isYoung ? pick(lastTime) : undefined
  const { dropped, items } =
    whole?.dropped === 0 ? whole : pick(lastTime.filter(({ item }) => ending.includes(item.memory)))
  const block = renderBlock(items, now)
  const context: MemoryContext = {
    ...block,
    tokens: block.text === "" ? 0 : estimateTokens(block.text),
    dropped
  }
  return context
})
