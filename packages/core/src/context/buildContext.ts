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
import type { Degraded } from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import { formatOrigin, sameScope, type Scope } from "../memory/Scope.ts"
import { byStatement, mergeRanked, type ReadScopes, readShared, toDegraded } from "../recall/readScopes.ts"
import type { Ranked, Retriever } from "../recall/Retriever.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"
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
  /** The shared scopes that are missing; `null` when none is. */
  readonly degraded: ReadonlyArray<Degraded> | null
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

/**
 * Chooses candidates: each part in turn takes what fits its share, then what fits the rest. What `first` has
 * chosen already stays.
 */
const choose = (
  { lastTime, profile, relevant }: Candidates,
  budget: number,
  headingCost: (part: ContextPart) => number,
  first: ReadonlyArray<Candidate> = []
) => {
  const chosen = new Map<string, Candidate>()
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
  take(first, budget)
  take(profile, used + (budget - used) * PROFILE_SHARE)
  take(relevant, budget - Math.min(lastCost, budget * LAST_TIME_SHARE))
  take(lastTime, budget)
  take(relevant, budget)
  take(profile, budget)
  const all = new Set([...first, ...profile, ...relevant, ...lastTime].map(({ item }) => item.memory.id))
  return { items: Array.from(chosen.values()), dropped: all.size - chosen.size }
}

/** What a block is made for. Its values are checked. */
export interface ContextRequest {
  readonly scopes: ReadScopes
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

const PINNED = isIn({ field: "pinned" }, [true])

/** The memories that each part may show: of a shared scope, pins and what is relevant. */
const readMemories = Effect.fnUntraced(function* (
  { retriever, store }: ContextServices,
  { now, options, query, scopes: { reads, scope } }: ContextRequest
) {
  const { minScore, omit = [], sessionId, where = ANY } = options
  const elsewhere = sessionId === undefined ? ANY : not(isIn({ field: "sessionId" }, [sessionId]))
  const outside = allOf([where, elsewhere])
  const wants = (part: ContextPart) => !omit.includes(part)
  const latest = (from: Scope, part: ContextPart, filter: Condition, limit: number) =>
    wants(part)
      ? Effect.map(store.latest({ scope: from, now, filter, limit }), (rows) =>
          rows.map(({ memory }) => memory)
        )
      : Effect.succeed<ReadonlyArray<Memory>>([])
  const rank = (from: Scope, filter: Condition) =>
    wants("relevant")
      ? retriever.rank({ scope: from, now, query, filter, limit: limitFrom(options), minScore })
      : Effect.succeed<ReadonlyArray<Ranked>>([])
  const latestOwn = (part: ContextPart, filter: Condition, limit: number) =>
    latest(scope, part, allOf([filter, outside]), limit)
  const [pinned, standing, relevant, recent, shared] = yield* Effect.all(
    [
      latestOwn("profile", PINNED, PROFILE_MAX),
      latestOwn("profile", isIn({ field: "type" }, ["semantic", "procedural"]), PROFILE_MAX),
      rank(scope, outside),
      latestOwn("lastTime", ANY, YOUNG_MAX + 1),
      // The session that is left out is one's own: a shared scope may have one of the same name.
      readShared(reads, (from) =>
        Effect.all([latest(from, "profile", allOf([PINNED, where]), PROFILE_MAX), rank(from, where)], {
          concurrency: "unbounded"
        })
      )
    ],
    { concurrency: "unbounded" }
  )
  const byId = new Map([...pinned, ...standing].map((memory) => [memory.id, memory]))
  return { profile: Array.from(byId.values()).sort(byWeight), relevant, recent, shared }
})

type Memories = Effect.Success<ReturnType<typeof readMemories>>

/**
 * Brings in what is shared. A statement that several scopes hold stands there once, as one's own memory if it is
 * among those read. Shared pins come after one's own and before the rest of the profile.
 */
const mergeShared = ({ profile, recent, relevant, shared }: Memories, limit: number) => {
  const own = byStatement([...relevant.map(({ memory }) => memory), ...profile, ...recent])
  const pins = byStatement(shared.answers.flatMap(([memories]) => memories).sort(byWeight))
  const inProfile = byStatement(profile)
  const shownPins = Array.from(pins).flatMap(([key, pin]) =>
    inProfile.has(key) ? [] : [own.get(key) ?? pin]
  )
  const ranked = [relevant, ...shared.answers.map(([, memories]) => memories)]
  const firstUnpinned = profile.findIndex(({ pinned }) => !pinned)
  const pinnedCount = firstUnpinned < 0 ? profile.length : firstUnpinned
  return {
    profile: [...profile.slice(0, pinnedCount), ...shownPins, ...profile.slice(pinnedCount)],
    relevant: mergeRanked(ranked, limit, new Map([...pins, ...own]))
  }
}

const selectCandidates = (
  { lastTime, profile, relevant }: Candidates,
  accepts: (candidate: Candidate) => boolean
): Candidates => ({
  profile: profile.filter(accepts),
  relevant: relevant.filter(accepts),
  lastTime: lastTime.filter(accepts)
})

/** Makes the block: profile, relevant, last time, in one budget. */
export const buildContext = Effect.fnUntraced(function* (services: ContextServices, request: ContextRequest) {
  const {
    now,
    options,
    scopes: { reads, scope }
  } = request
  const {
    budgetTokens = DEFAULT_CONTEXT_BUDGET,
    estimateTokens = fourCharactersPerToken,
    showScores = false
  } = options
  const memories = yield* readMemories(services, request)
  const { recent, shared } = memories
  const { profile, relevant } = reads.length === 0 ? memories : mergeShared(memories, limitFrom(options))

  const toCandidate = (memory: Memory, part: ContextPart, score: number | null): Candidate => {
    const item = { memory, part, score }
    const isShared = reads.length > 0 && !sameScope(memory.scope, scope)
    const line = itemLine(item, showScores, isShared ? formatOrigin(memory.scope, scope) : null)
    return { item, line, isShared, cost: estimateTokens(`\n${line}`) }
  }
  const isYoung = recent.length <= YOUNG_MAX
  const ending = lastTurns(recent)
  const all: Candidates = {
    profile: profile.map((memory) => toCandidate(memory, "profile", null)),
    relevant: relevant.map(({ memory, score }) => toCandidate(memory, "relevant", score)),
    lastTime: (isYoung ? recent : ending).map((memory) => toCandidate(memory, "lastTime", null))
  }
  const hasShared = [...all.profile, ...all.relevant].some(({ isShared }) => isShared)
  const room = budgetTokens - estimateTokens(emptyBlock(now, hasShared))
  const pick = (candidates: Candidates, first?: ReadonlyArray<Candidate>) =>
    choose(candidates, room, (part) => estimateTokens(`\n${headingLine(part)}`), first)
  const pickWhole = () => {
    // What is shared neither ends a memory's youth nor takes its room.
    const whole = pick(hasShared ? selectCandidates(all, ({ isShared }) => !isShared) : all)
    if (whole.dropped > 0) return undefined
    return hasShared ? pick(all, whole.items) : whole
  }
  const { dropped, items } =
    (isYoung ? pickWhole() : undefined) ??
    pick({ ...all, lastTime: all.lastTime.filter(({ item }) => ending.includes(item.memory)) })
  const block = renderBlock(items, now)
  const context: MemoryContext = {
    ...block,
    tokens: block.text === "" ? 0 : estimateTokens(block.text),
    dropped,
    degraded: toDegraded(shared.failures)
  }
  return context
})
