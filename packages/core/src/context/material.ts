/** What a context may show, read from the stores. */
import * as Effect from "effect/Effect"
import type { ReadContextOptions } from "../input/options.ts"
import { type ContextPart, RECALL_LIMIT_MAX } from "../input/options.ts"
import { allOf, ANY, type Condition, isIn, not } from "../memory/Condition.ts"
import { type DegradableList, type Degraded, joinDegraded } from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { sameScope, type Scope } from "../memory/Scope.ts"
import { byStatement, mergeRanked, type ReadScopes, readShared, toDegraded } from "../recall/readScopes.ts"
import type { Ranked, Retriever } from "../recall/Retriever.ts"
import { type MemoryStore, STORE_LIMITS } from "../store/MemoryStore.ts"
import { judgeMatch, type Match } from "./judgeMatch.ts"

/** What a block is made for. Its values are checked. */
export interface ContextRequest {
  readonly scopes: ReadScopes
  readonly now: number
  /** A name of the IANA database. */
  readonly timeZone: string
  readonly query: string
  readonly options: ReadContextOptions
}

export interface ContextServices {
  readonly store: MemoryStore["Service"]
  readonly retriever: Retriever["Service"]
}

/** Facts and rules of the profile that are not pinned. */
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
/** Of so many of the best memories that are found by a passage, and of a young scope's, the whole text is read. */
const WHOLE_MAX = 3
/** Longer texts are shown by the passage that was found. */
const WHOLE_PASSAGES_MAX = 24

/** Pinned first, then the most important, the most recalled, the newest. */
const byWeight = (a: Memory, b: Memory): number =>
  Number(b.pinned) - Number(a.pinned) ||
  b.importance - a.importance ||
  b.accessCount - a.accessCount ||
  b.saidAt - a.saidAt ||
  (a.id < b.id ? -1 : 1)

/** The memories that each part may show, best first. */
export interface Material {
  readonly pins: ReadonlyArray<Memory>
  readonly profile: ReadonlyArray<Memory>
  readonly relevant: ReadonlyArray<Ranked>
  readonly lastTime: ReadonlyArray<Memory>
  /** All of a young scope; `null` for one that is not young. */
  readonly young: ReadonlyArray<Memory> | null
  readonly match: Match
  readonly degraded: ReadonlyArray<Degraded> | null
}

const PINNED = isIn({ field: "pinned" }, [true])

export const limitFrom = (limit: number | undefined, budgetTokens: number): number =>
  limit ?? Math.min(RECALL_LIMIT_MAX, Math.max(1, Math.floor(budgetTokens / TOKENS_MIN)))

/** The end of the last session, or the last memories where none has a session. */
const lastTurns = (latest: ReadonlyArray<Memory>): ReadonlyArray<Memory> =>
  latest.filter(({ sessionId }) => sessionId === latest[0]?.sessionId).slice(0, LAST_TIME_MAX)

/** Memories of which a passage was read, and how many passages they have. */
type Cut = Map<Memory, number>

/** Reads each part: of a shared scope, pins and what is relevant. */
const readParts = Effect.fnUntraced(function* (
  { retriever, store }: ContextServices,
  { now, options, query, scopes: { reads, scope }, timeZone }: ContextRequest,
  limit: number,
  cut: Cut
) {
  const { minScore, omit = [], sessionId, where = ANY } = options
  const elsewhere = sessionId === undefined ? ANY : not(isIn({ field: "sessionId" }, [sessionId]))
  const outside = allOf([where, elsewhere])
  const wants = (part: ContextPart) => !omit.includes(part)
  const latest = (from: Scope, isWanted: boolean, filter: Condition, rows: number) =>
    isWanted
      ? Effect.map(store.latest({ scope: from, now, filter, limit: rows }), (excerpts) => {
          for (const { memory, passages } of excerpts) if (passages > 1) cut.set(memory, passages)
          return excerpts.map(({ memory }) => memory)
        })
      : Effect.succeed<ReadonlyArray<Memory>>([])
  const rank = (from: Scope, filter: Condition) =>
    wants("relevant")
      ? Effect.map(
          retriever.rank({ scope: from, now, query, filter, limit, minScore, timeZone }),
          (ranked) => {
            for (const { memory, passage } of ranked)
              if (passage !== undefined) cut.set(memory, passage.passages)
            return ranked
          }
        )
      : Effect.succeed<DegradableList<Ranked>>([])
  const latestOwn = (isWanted: boolean, filter: Condition, rows: number) =>
    latest(scope, isWanted, allOf([filter, outside]), rows)
  const [pinned, standing, relevant, recent, shared] = yield* Effect.all(
    [
      latestOwn(wants("profile"), PINNED, STORE_LIMITS.rows),
      latestOwn(wants("profile"), isIn({ field: "type" }, ["semantic", "procedural"]), PROFILE_MAX),
      rank(scope, outside),
      // What is relevant depends on whether the scope is young.
      latestOwn(wants("lastTime") || wants("relevant"), ANY, YOUNG_MAX + 1),
      // The session that is left out is one's own: a shared scope may have one of the same name.
      readShared(reads, (from) =>
        Effect.all(
          [latest(from, wants("profile"), allOf([PINNED, where]), STORE_LIMITS.rows), rank(from, where)],
          { concurrency: "unbounded" }
        )
      )
    ],
    { concurrency: "unbounded" }
  )
  return { pinned, standing, relevant, recent, shared }
})

type Parts = Effect.Success<ReturnType<typeof readParts>>

/**
 * Brings in what is shared. A statement that several scopes hold stands there once, as one's own memory if it is
 * among those read. Shared pins come after one's own.
 */
const mergeShared = ({ pinned, recent, relevant, shared, standing }: Parts, limit: number, scope: Scope) => {
  const ownPins = pinned.toSorted(byWeight)
  const profile = standing.filter((memory) => !memory.pinned).sort(byWeight)
  if (shared.answers.length === 0) return { pins: ownPins, profile, relevant }
  const own = byStatement([...relevant.map(({ memory }) => memory), ...ownPins, ...profile, ...recent])
  const pins = byStatement(shared.answers.flatMap(([memories]) => memories).sort(byWeight))
  const inProfile = byStatement([...ownPins, ...profile])
  const shownPins = Array.from(pins).flatMap(([key, pin]) =>
    inProfile.has(key) ? [] : [own.get(key) ?? pin]
  )
  const ranked = [relevant, ...shared.answers.map(([, memories]) => memories)]
  return {
    pins: [...ownPins, ...shownPins],
    profile,
    relevant: mergeRanked(ranked, limit, scope, new Map([...pins, ...own]))
  }
}

/** Reads the whole texts of some memories, by their scopes; one that was removed meanwhile stays as it is. */
const readWhole = Effect.fnUntraced(function* (
  store: MemoryStore["Service"],
  now: number,
  memories: ReadonlyArray<Memory>
): Effect.fn.Return<ReadonlyMap<Memory, Memory>, MemoryError> {
  const whole = new Map<Memory, Memory>()
  for (const [first, ...others] of Map.groupBy(
    memories,
    ({ scope }) => `${scope.agentId}\n${scope.userId}`
  ).values()) {
    if (first === undefined) continue
    const group = [first, ...others]
    const ids = Array.from(new Set(group.map(({ id }) => id)))
    const read = yield* store.get({ scope: first.scope, now, ids })
    for (const memory of group) {
      const stored = read.find(({ id }) => id === memory.id)
      if (stored !== undefined) whole.set(memory, stored)
    }
  }
  return whole
})

/** Ids of memories that stand beside what says them otherwise later, and of copies: no other part shows them. */
const shownTogether = (relevant: ReadonlyArray<Ranked>): ReadonlySet<string> =>
  new Set(
    relevant.flatMap(({ memory, standing }) => {
      const followedBy = standing?.followedBy ?? []
      return [...(followedBy.length === 0 ? [] : [memory.id, ...followedBy]), ...(standing?.copies ?? [])]
    })
  )

/** What was read, and what is known of each memory. */
export interface ReadMaterial {
  readonly material: Material
  /** If the text is a passage of a longer one. */
  readonly isCut: (memory: Memory) => boolean
  readonly isShared: (memory: Memory) => boolean
}

/** The memories that a context may show. */
export const readMaterial = Effect.fnUntraced(function* (
  services: ContextServices,
  request: ContextRequest,
  limit: number
): Effect.fn.Return<ReadMaterial, MemoryError> {
  const { now, options, query, scopes } = request
  const cut: Cut = new Map()
  const parts = yield* readParts(services, request, limit, cut)
  const { shared } = parts
  const isYoung = parts.recent.length <= YOUNG_MAX
  const recent = options.omit?.includes("lastTime") === true ? [] : parts.recent
  const { pins, profile, relevant } = mergeShared(parts, limit, scopes.scope)
  const wanted = [...relevant.slice(0, WHOLE_MAX).map(({ memory }) => memory), ...(isYoung ? recent : [])]
  const readable = wanted.filter(
    (memory) => (cut.get(memory) ?? Number.POSITIVE_INFINITY) <= WHOLE_PASSAGES_MAX
  )
  const whole = yield* readWhole(services.store, now, readable)
  const byId = new Map(Array.from(whole.values(), (memory) => [memory.id, memory]))
  const toWhole = (memory: Memory): Memory => {
    const stored = byId.get(memory.id)
    return stored !== undefined && sameScope(stored.scope, memory.scope) ? stored : memory
  }
  const match = judgeMatch(query, relevant, { isYoung, minScore: options.minScore })
  const shown = match === "found" || match === "faint" ? relevant : []
  const together = shownTogether(shown)
  const isElsewhere = ({ id }: Memory): boolean => !together.has(id)
  const material: Material = {
    pins: pins.map(toWhole),
    profile: profile.filter(isElsewhere).map(toWhole),
    relevant: shown.map((ranked) => ({ ...ranked, memory: toWhole(ranked.memory) })),
    // What hardly matches comes after the last session: a turn that is left for it would be missing there.
    lastTime: lastTurns(recent)
      .filter((memory) => match === "faint" || isElsewhere(memory))
      .map(toWhole),
    young: isYoung ? recent.map(toWhole) : null,
    match,
    degraded: joinDegraded([
      parts.relevant.degraded,
      ...shared.answers.map(([, ranked]) => ranked.degraded),
      toDegraded(shared.failures)
    ])
  }
  const isCut = (memory: Memory): boolean => cut.has(memory) && !whole.has(memory)
  return {
    material,
    isCut,
    isShared: (memory: Memory) => scopes.reads.length > 0 && !sameScope(memory.scope, scopes.scope)
  }
})
