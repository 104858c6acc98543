/** How the parts of a block share its budget. */
import type { TokenEstimator } from "../text/estimateTokens.ts"
import type { Candidate, Filling } from "./Filling.ts"
import type { Match } from "./judgeMatch.ts"
import { unshownPinsLine } from "./renderContext.ts"
import type { Candidates } from "./writeCandidates.ts"

/** The share of the budget that the profile may take before anything but the best memory. */
const PROFILE_SHARE = 1 / 3
/** Tokens of profile and last time beside a message that neither asks nor tells. */
const SMALL_TALK_TOKENS = 100
/** The share of the budget that hits may take which hardly match. */
const FAINT_SHARE = 1 / 4

/** What became of the pins: the budget that holds them, and those that find no room. */
export interface Pinned {
  readonly filling: Filling
  readonly line: string | null
  readonly ids: ReadonlyArray<string>
}

/** All pins go in: whole, or where that is too much in short form, or as many as fit, the others named. */
export const takePins = (
  makeFilling: () => Filling,
  pins: ReadonlyArray<Candidate>,
  room: number,
  estimateTokens: TokenEstimator
): Pinned => {
  const whole = makeFilling().withWhole(pins, room)
  if (whole !== null) return { filling: whole, line: null, ids: [] }
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

type Fill = (filling: Filling, candidates: Candidates, room: number) => void

/**
 * The best memory, the profile's share, then what is relevant and the last session by what they are worth for their
 * tokens; then texts are widened.
 */
const fillWithMatches: Fill = (filling, { lastTime, profile, relevant }, room) => {
  filling.take(relevant.slice(0, 1), room)
  filling.take(profile, filling.used + (room - filling.used) * PROFILE_SHARE)
  filling.takeByWorth([...relevant.map((candidate) => [candidate]), lastTime], room)
  filling.take(profile, room)
  filling.widen([...relevant, ...lastTime, ...profile], room)
}

/** What hardly matches has a share of the budget, beside the last session and the profile. */
const fillWithFaint: Fill = (filling, { lastTime, profile, relevant }, room) => {
  const faint = relevant.map((candidate) => [candidate])
  const share = (room - filling.used) * FAINT_SHARE
  filling.take([...lastTime, ...profile], relevant.length === 0 ? room : room - share)
  filling.takeByWorth(faint, Math.min(room, filling.used + share))
  filling.take([...lastTime, ...profile], room)
  filling.widen([...lastTime, ...profile], room)
}

const fillIdly: Fill = (filling, { lastTime, profile }, room) => {
  filling.take([...lastTime, ...profile], Math.min(room, filling.used + SMALL_TALK_TOKENS))
}

export const FILLS: { readonly [match in Match]: Fill } = {
  found: fillWithMatches,
  faint: fillWithFaint,
  nothing: fillWithFaint,
  unasked: fillIdly
}
