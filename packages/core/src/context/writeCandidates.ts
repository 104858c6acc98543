/** Memories as they may go into the block. */
import type { ContextPart } from "../input/options.ts"
import type { Memory } from "../memory/Memory.ts"
import { formatOrigin } from "../memory/Scope.ts"
import type { Ranked } from "../recall/Retriever.ts"
import { estimateTokens as estimate, type TokenEstimator } from "../text/estimateTokens.ts"
import { formatDay } from "../text/time/formatDay.ts"
import { findTimeZone, UTC } from "../text/time/TimeZone.ts"
import type { Candidate, Form } from "./Filling.ts"
import { type Cutter, makeCutter, readQuestion } from "./makeCutter.ts"
import type { ContextRequest, Material, ReadMaterial } from "./material.ts"
import {
  authorOf,
  type ContextItem,
  groupKeyOf,
  writeScore,
  type WrittenItem,
  writeText
} from "./renderContext.ts"

/**
 * What a turn of the last session is worth beside the scores of what is relevant: in our dialogues one in a hundred
 * answers the next question.
 */
const LAST_TIME_WORTH = 0.01

/** A longer line is shown by what the question asks for, as far as the budget has no room for the whole. */
const CUT_ABOVE = 80
/** Tokens of such a line, and how much longer it is with the id behind it. */
const CUT_TOKENS = 60
const CUT_LENGTH = 1.4

/** The share of the budget that the best memory may take in that form. */
const BEST_SHARE = 0.3

/** The candidates of each part, best first. */
export interface Candidates {
  readonly pins: ReadonlyArray<Candidate>
  readonly profile: ReadonlyArray<Candidate>
  readonly relevant: ReadonlyArray<Candidate>
  readonly lastTime: ReadonlyArray<Candidate>
}

export const listAll = ({ lastTime, pins, profile, relevant }: Candidates): ReadonlyArray<Candidate> => [
  ...pins,
  ...profile,
  ...relevant,
  ...lastTime
]

export interface Writer {
  readonly estimateTokens: TokenEstimator
  readonly toCandidate: (memory: Memory, part: ContextPart) => Candidate
  readonly toRelevant: (ranked: Ranked, cutTokens: number) => Candidate
}

/** Makes candidates; a question's words are read when a text is first cut. */
export const makeWriter = (
  { options, query, scopes: { scope }, timeZone }: ContextRequest,
  { isCut, isShared, material }: ReadMaterial
): Writer => {
  const { estimateTokens = estimate, showScores = false } = options
  const zone = findTimeZone(timeZone) ?? UTC
  const followers = new Set(
    material.relevant.flatMap(({ standing }) => standing?.followedBy?.slice(0, 1) ?? [])
  )
  let words: ReadonlySet<string> | undefined
  const toForm = (item: ContextItem): Form => {
    const { memory, score, standing } = item
    const written: WrittenItem = {
      item,
      day: formatDay(memory.saidAt, zone),
      author: authorOf(memory),
      score: showScores && score !== null ? writeScore(score) : "",
      text: writeText(item),
      origin: isShared(memory) ? formatOrigin(memory.scope, scope) : null,
      behind: standing?.followedBy?.[0] ?? null
    }
    return { written, tokens: estimateTokens(written.text) }
  }
  const toCandidate = (item: ContextItem, worth: number, cutTokens: number): Candidate => {
    const { memory, part } = item
    const whole = toForm(item)
    const { behind } = whole.written
    let cutter: Cutter | undefined
    let short: Form | undefined
    const cutTo = (tokens: number) => {
      cutter ??= makeCutter(memory.content, (words ??= readQuestion(query)), estimateTokens)
      return toForm({ ...item, cut: cutter(tokens) })
    }
    const cut = (tokens?: number) => {
      short ??= cutTo(cutTokens)
      if (tokens === undefined) return short
      // The id takes its part of the line.
      return cutTo(tokens - (short.tokens - estimateTokens(short.written.item.cut ?? "")))
    }
    const isLong = whole.tokens > Math.max(CUT_ABOVE, CUT_LENGTH * cutTokens)
    return {
      id: memory.id,
      part,
      worth,
      whole,
      group: behind !== null || followers.has(memory.id) ? memory.id : groupKeyOf(whole.written),
      behind,
      cut: isLong ? cut : null,
      shortTokens: isLong ? CUT_LENGTH * cutTokens : whole.tokens
    }
  }
  const shown = (memory: Memory): string | null => (isCut(memory) ? memory.content : null)
  return {
    estimateTokens,
    toCandidate: (memory, part) =>
      toCandidate({ memory, part, score: null, cut: shown(memory) }, LAST_TIME_WORTH, CUT_TOKENS),
    toRelevant: ({ memory, score, standing }, cutTokens) =>
      toCandidate({ memory, part: "relevant", score, cut: shown(memory), standing }, score, cutTokens)
  }
}

/** What says a memory otherwise is worth as much as that memory, which is in only beside it. */
export const withWorthOfEarlier = (relevant: ReadonlyArray<Candidate>): ReadonlyArray<Candidate> => {
  const worths = new Map<string, number>()
  for (const { behind, worth } of relevant)
    if (behind !== null) worths.set(behind, Math.max(worth, worths.get(behind) ?? 0))
  return relevant.map((candidate) => {
    const worth = worths.get(candidate.id) ?? 0
    return worth > candidate.worth ? { ...candidate, worth } : candidate
  })
}

/** What each part may show, in a budget. */
export const writeCandidates = (
  { lastTime, pins, profile, relevant }: Material,
  { toCandidate, toRelevant }: Writer,
  budgetTokens: number
): Candidates => {
  const bestTokens = Math.max(CUT_TOKENS, budgetTokens * BEST_SHARE)
  return {
    pins: pins.map((memory) => toCandidate(memory, "profile")),
    profile: profile.map((memory) => toCandidate(memory, "profile")),
    relevant: withWorthOfEarlier(
      relevant.map((ranked, i) => toRelevant(ranked, i === 0 ? bestTokens : CUT_TOKENS))
    ),
    lastTime: lastTime.map((memory) => toCandidate(memory, "lastTime"))
  }
}
