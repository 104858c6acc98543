import * as Effect from "effect/Effect"
import type { ContextPart, ReadContextOptions } from "../input/options.ts"
import type { Degraded } from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import type { Ranked } from "../recall/Retriever.ts"
import { formatOrigin } from "../memory/Scope.ts"
import { estimateTokens as estimate, type TokenEstimator } from "../text/estimateTokens.ts"
import { formatDay, formatDayIn } from "../text/time/formatDay.ts"
import { findTimeZone, UTC } from "../text/time/TimeZone.ts"
import { type Cutter, makeCutter, readQuestion } from "./makeCutter.ts"
import { type Candidate, Filling, type Form } from "./Filling.ts"
import { type ContextRequest, type ContextServices, limitFrom, readMaterial } from "./material.ts"
import {
  authorOf,
  type ContextItem,
  earlierLine,
  emptyBlock,
  headingLine,
  itemLine,
  renderBlock,
  saidIn,
  unshownPinsLine,
  type WrittenItem
} from "./renderContext.ts"

/** The rendered block and what is in it. */
export interface MemoryContext {
  /** Goes to the model unchanged; `""` when there is nothing to show. */
  readonly text: string
  /** Estimated size of `text`. */
  readonly tokens: number
  readonly items: ReadonlyArray<ContextItem>
  /** Candidates that did not fit the budget, of all parts together. */
  readonly dropped: number
  /** The same by part; pins are counted apart from the rest of the profile. */
  readonly droppedByPart: { readonly [part in ContextPart | "pins"]: number }
  /** Ids of pinned memories that found no room; the block names them. */
  readonly droppedPins: ReadonlyArray<string>
  /** What is missing: shared scopes that failed, or meaning when the embedder did. `null` when nothing is. */
  readonly degraded: ReadonlyArray<Degraded> | null
}

/** Tokens of a block when `budgetTokens` is absent. */
export const DEFAULT_CONTEXT_BUDGET = 600

/** Shares of the budget: most for the profile, and reserved for the end of the last session. */
const PROFILE_SHARE = 1 / 3
const LAST_TIME_SHARE = 1 / 10

/** A longer line is shown by what the question asks for, as far as the budget has no room for the whole. */
const CUT_ABOVE = 80
/** Tokens of such a line. */
const CUT_TOKENS = 60
/** The share of the budget that the best memory may take in that form. */
const BEST_SHARE = 0.3
/** Tokens of profile and last time beside a message that neither asks nor tells. */
const SMALL_TALK_TOKENS = 100
/** Less room than this holds nothing more. */
const SLACK = 24

interface Writer {
  readonly options: ReadContextOptions
  readonly estimateTokens: TokenEstimator
  readonly toCandidate: (memory: Memory, part: ContextPart) => Candidate
  readonly toRelevant: (ranked: Ranked, cutTokens: number) => Candidate
}

/** Makes candidates; a question's words are read when a text is first cut. */
const makeWriter = (
  { options, query, scopes: { scope }, timeZone }: ContextRequest,
  isCut: (memory: Memory) => boolean,
  isShared: (memory: Memory) => boolean
): Writer => {
  const { estimateTokens = estimate, showScores = false } = options
  const zone = findTimeZone(timeZone) ?? UTC
  let words: ReadonlySet<string> | undefined
  const toForm = (item: ContextItem, behind: string | null): Form => {
    const origin = isShared(item.memory) ? formatOrigin(item.memory.scope, scope) : null
    const written: WrittenItem = {
      item,
      day: formatDay(item.memory.saidAt, zone),
      author: authorOf(item.memory),
      said: saidIn(item, showScores),
      origin,
      showScore: showScores,
      behind
    }
    const line = behind === null ? itemLine(written) : earlierLine(written)
    return { written, tokens: estimateTokens(`\n${line}`) }
  }
  const toCandidate = (item: ContextItem, cutTokens: number): Candidate => {
    const { memory, part, standing } = item
    const behind = standing?.followedBy?.[0] ?? null
    const whole = toForm(item, behind)
    let cutter: Cutter | undefined
    let short: Form | undefined
    const cutTo = (tokens: number) => {
      cutter ??= makeCutter(memory.content, (words ??= readQuestion(query)), estimateTokens)
      return toForm({ ...item, cut: cutter(tokens) }, behind)
    }
    const cut = (tokens?: number) => {
      short ??= cutTo(cutTokens)
      if (tokens === undefined) return short
      // The speaker and the id take their part of the line.
      const around = short.tokens - estimateTokens(short.written.item.cut ?? "")
      return cutTo(tokens - around)
    }
    return {
      id: memory.id,
      part,
      whole,
      behind,
      cut: whole.tokens > Math.max(CUT_ABOVE, 1.4 * cutTokens) ? cut : null
    }
  }
  const shown = (memory: Memory): string | null => (isCut(memory) ? memory.content : null)
  return {
    options,
    estimateTokens,
    toCandidate: (memory, part) => toCandidate({ memory, part, score: null, cut: shown(memory) }, CUT_TOKENS),
    toRelevant: ({ memory, score, standing }, cutTokens) =>
      toCandidate({ memory, part: "relevant", score, cut: shown(memory), standing }, cutTokens)
  }
}

interface Candidates {
  readonly pins: ReadonlyArray<Candidate>
  readonly profile: ReadonlyArray<Candidate>
  readonly relevant: ReadonlyArray<Candidate>
  readonly lastTime: ReadonlyArray<Candidate>
}

/** What became of the pins: the budget that holds them, and those that find no room. */
interface Pinned {
  readonly filling: Filling
  readonly line: string | null
  readonly ids: ReadonlyArray<string>
}

/** All pins go in: whole, or where that is too much in short form, or as many as fit, the others named. */
const takePins = (
  makeFilling: () => Filling,
  pins: ReadonlyArray<Candidate>,
  room: number,
  estimateTokens: TokenEstimator
): Pinned => {
  const whole = makeFilling()
  if (whole.takeWhole(pins, room)) return { filling: whole, line: null, ids: [] }
  const short = makeFilling()
  short.take(pins, room, true)
  if (pins.every((pin) => short.has(pin))) {
    short.widen(pins, room)
    return { filling: short, line: null, ids: [] }
  }
  const tokensOf = (line: string) => estimateTokens(`\n${line}`)
  const all = pins.map(({ id }) => id)
  const reserve = Math.min(room / 4, tokensOf(unshownPinsLine(all, all.length)))
  const filling = makeFilling()
  filling.spend(reserve)
  filling.take(pins, room, true)
  const ids = pins.flatMap((pin) => (filling.has(pin) ? [] : [pin.id]))
  let named = ids.length
  const line = () => unshownPinsLine(ids.slice(0, named), ids.length)
  while (named > 0 && tokensOf(line()) > reserve) named--
  return { filling, line: tokensOf(line()) > reserve ? null : line(), ids }
}

/** Each part in turn takes what fits its share, then what fits the rest; then texts are widened. */
const fill = (filling: Filling, { lastTime, profile, relevant }: Candidates, room: number): void => {
  const lastTokens = lastTime.reduce((sum, { whole }) => sum + whole.tokens, 0)
  filling.take(relevant.slice(0, 1), room)
  filling.take(profile, filling.used + (room - filling.used) * PROFILE_SHARE)
  filling.take(relevant, room - Math.min(lastTokens, room * LAST_TIME_SHARE))
  filling.take(lastTime, room)
  filling.take(relevant, room)
  filling.take(profile, room)
  filling.widen([...relevant, ...lastTime, ...profile], room)
}

interface Filled {
  readonly filling: Filling
  readonly block: ReturnType<typeof renderBlock>
  /** Of the block. */
  readonly tokens: number
}

const countMissing = (filling: Filling, candidates: ReadonlyArray<Candidate>, shown: Set<string>): number =>
  candidates.filter((candidate) => {
    // A memory of two parts is missing once.
    if (filling.has(candidate) || shown.has(candidate.id)) return false
    shown.add(candidate.id)
    return true
  }).length

const countDropped = (
  filling: Filling,
  { lastTime, profile, relevant }: Candidates,
  { ids }: Pinned
): Pick<MemoryContext, "dropped" | "droppedByPart"> => {
  const missing = new Set(ids)
  const droppedByPart = {
    pins: ids.length,
    relevant: countMissing(filling, relevant, missing),
    profile: countMissing(filling, profile, missing),
    lastTime: countMissing(filling, lastTime, missing)
  }
  return { dropped: missing.size, droppedByPart }
}

/** Makes the block: pins, then profile, relevant and last time, in one budget. */
export const buildContext = Effect.fnUntraced(function* (services: ContextServices, request: ContextRequest) {
  const { now, options } = request
  const { budgetTokens = DEFAULT_CONTEXT_BUDGET, limit, partTokens } = options
  const { isCut, isShared, material } = yield* readMaterial(services, request, limitFrom(limit, budgetTokens))
  const { estimateTokens, toCandidate, toRelevant } = makeWriter(request, isCut, isShared)
  const bestTokens = Math.max(CUT_TOKENS, budgetTokens * BEST_SHARE)
  const candidates: Candidates = {
    pins: material.pins.map((memory) => toCandidate(memory, "profile")),
    profile: material.profile.map((memory) => toCandidate(memory, "profile")),
    relevant: material.relevant.map((ranked, i) => toRelevant(ranked, i === 0 ? bestTokens : CUT_TOKENS)),
    lastTime: material.lastTime.map((memory) => toCandidate(memory, "lastTime"))
  }
  const all = [...candidates.pins, ...candidates.profile, ...candidates.relevant, ...candidates.lastTime]
  const hasShared = all.some(({ whole }) => whole.written.origin !== null)
  const today = formatDayIn(now, request.timeZone)
  const empty = estimateTokens(emptyBlock(today, { hasShared, hasCut: all.some(({ cut }) => cut !== null) }))
  const room = budgetTokens - empty
  const makeFilling = () => new Filling((part) => estimateTokens(`\n${headingLine(part)}`), partTokens)
  const pinned = takePins(makeFilling, candidates.pins, room, estimateTokens)
  const { filling } = pinned
  const young = material.young?.map((memory) => toCandidate(memory, "lastTime")) ?? null
  const own = all.filter(({ whole }) => whole.written.origin === null)
  // What is shared neither ends a memory's youth nor takes its room.
  const isWhole =
    young !== null &&
    partTokens === undefined &&
    pinned.ids.length === 0 &&
    filling.takeWhole([...own, ...young], room)
  const render = (from: Filling): Filled => {
    const block = renderBlock(
      from.forms().map(({ written }) => written),
      pinned.line,
      today
    )
    return { filling: from, block, tokens: block.text === "" ? 0 : estimateTokens(block.text) }
  }
  /** Grouped lines take less than lines by themselves: the rest is filled once more. */
  const fillSlack = (filled: Filled): Filled => {
    const slack = budgetTokens - filled.tokens
    if (slack <= SLACK) return filled
    const fuller = filled.filling.clone()
    fill(fuller, candidates, fuller.used + slack - SLACK / 2)
    if (fuller.changes === filled.filling.changes) return filled
    const again = render(fuller)
    return again.tokens <= budgetTokens ? again : filled
  }
  if (material.isSmallTalk) {
    const until = Math.min(room, filling.used + SMALL_TALK_TOKENS)
    filling.take([...candidates.lastTime, ...candidates.profile], until)
  } else fill(filling, isWhole ? { ...candidates, lastTime: [] } : candidates, room)
  const once = render(filling)
  const {
    block,
    filling: final,
    tokens
  } = material.isSmallTalk || pinned.ids.length > 0 ? once : fillSlack(once)
  const context: MemoryContext = {
    ...block,
    tokens,
    ...countDropped(final, candidates, pinned),
    droppedPins: pinned.ids,
    degraded: material.degraded
  }
  return context
})
