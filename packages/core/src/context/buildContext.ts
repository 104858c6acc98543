import * as Effect from "effect/Effect"
import type { ContextPart } from "../input/options.ts"
import type { Degraded } from "../memory/Degraded.ts"
import { breathe } from "../runtime/timeSlice.ts"
import type { TokenEstimator } from "../text/estimateTokens.ts"
import { formatDayIn } from "../text/time/formatDay.ts"
import { FILLS, type Pinned, takePins } from "./fillParts.ts"
import { type Candidate, Filling, type Prices } from "./Filling.ts"
import {
  type ContextRequest,
  type ContextServices,
  limitFrom,
  type Material,
  readMaterial
} from "./material.ts"
import type { Match } from "./judgeMatch.ts"
import { type ContextItem, emptyBlock, groupMarks, headingLine, renderBlock } from "./renderContext.ts"
import { type Candidates, listAll, makeWriter, writeCandidates, type Writer } from "./writeCandidates.ts"

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

/** Less room than this holds nothing more. */
const SLACK = 12

/** What stands beside the texts; the same marks come again and again. */
const makePrices = (estimateTokens: TokenEstimator): Prices => {
  const known = new Map<string, number>()
  const tokensOf = (line: string): number => {
    let tokens = known.get(line)
    if (tokens === undefined) known.set(line, (tokens = estimateTokens(`\n${line}`)))
    return tokens
  }
  return {
    heading: (part) => tokensOf(headingLine(part)),
    marks: (group) => groupMarks(group).reduce((sum, mark) => sum + tokensOf(mark), 0)
  }
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

/** A block, and what is left out of it. */
interface Filled {
  readonly block: ReturnType<typeof renderBlock>
  /** Of the block. */
  readonly tokens: number
  readonly missing: Pick<MemoryContext, "dropped" | "droppedByPart" | "droppedPins">
}

/** Fills `room` tokens, counted line by line, and renders the block. */
const makeFiller = (
  { options: { partTokens }, now, timeZone }: ContextRequest,
  { match, young: all }: Material,
  candidates: Candidates,
  { estimateTokens, toCandidate }: Writer
): ((room: number) => Filled) => {
  const today = formatDayIn(now, timeZone)
  const prices = makePrices(estimateTokens)
  const makeFilling = () => new Filling(prices, partTokens)
  const young = all?.map((memory) => toCandidate(memory, "lastTime")) ?? null
  // What is shared neither ends a memory's youth nor takes its room.
  const own = listAll(candidates).filter(({ whole }) => whole.written.origin === null)
  return (room) => {
    const pinned = takePins(makeFilling, candidates.pins, room, estimateTokens)
    const isWanted = young !== null && partTokens === undefined && pinned.ids.length === 0
    const whole = isWanted ? pinned.filling.withWhole([...own, ...young], room) : null
    const filling = whole ?? pinned.filling
    FILLS[match](filling, whole === null ? candidates : { ...candidates, lastTime: [] }, room)
    const written = filling.forms().map((form) => form.written)
    const block = renderBlock(written, pinned.line, today)
    return {
      block,
      tokens: block.text === "" ? 0 : estimateTokens(block.text),
      missing: { ...countDropped(filling, candidates, pinned), droppedPins: pinned.ids }
    }
  }
}

/**
 * A block takes less than its lines by themselves, and may take more where an estimator of the caller's counts so: it is
 * filled again, with more only where more is asked for.
 */
const fitTo = (budgetTokens: number, room: number, match: Match, fill: (room: number) => Filled): Filled => {
  const filled = fill(room)
  const slack = budgetTokens - filled.tokens
  if (match === "found" && slack > SLACK && filled.missing.dropped > 0) {
    const fuller = fill(room + slack - SLACK / 2)
    return fuller.tokens <= budgetTokens ? fuller : filled
  }
  let smaller = filled
  for (let less = room; smaller.tokens > budgetTokens && less > 0; smaller = fill(less))
    less -= smaller.tokens - budgetTokens
  return smaller
}

/** Makes the block: pins, then profile, relevant and last time, in one budget. */
export const buildContext = Effect.fnUntraced(function* (services: ContextServices, request: ContextRequest) {
  const { budgetTokens = DEFAULT_CONTEXT_BUDGET, limit } = request.options
  const read = yield* readMaterial(services, request, limitFrom(limit, budgetTokens))
  yield* breathe
  const { material } = read
  const writer = makeWriter(request, read)
  const candidates = writeCandidates(material, writer, budgetTokens)
  yield* breathe
  const all = listAll(candidates)
  const explained = {
    hasShared: all.some(({ whole }) => whole.written.origin !== null),
    hasCut: all.some(({ cut }) => cut !== null)
  }
  const empty = writer.estimateTokens(emptyBlock(formatDayIn(request.now, request.timeZone), explained))
  const fill = makeFiller(request, material, candidates, writer)
  const { block, missing, tokens } = fitTo(budgetTokens, budgetTokens - empty, material.match, fill)
  const context: MemoryContext = { ...block, tokens, ...missing, degraded: material.degraded }
  return context
})
