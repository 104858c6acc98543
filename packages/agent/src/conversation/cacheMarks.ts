import type Anthropic from "@anthropic-ai/sdk"

type CacheControl = Anthropic.Beta.Messages.BetaCacheControlEphemeral
type Lifetime = "5m" | "1h"

/** How long the prompt is cached; `false` sets no breakpoints. */
export type CacheSetting = Lifetime | false

/** The API's maximum in one request. */
const MARKS_MAX = 4

interface Markable {
  readonly cache_control?: CacheControl | null | undefined
}

export interface MarkPlan {
  /** Everything of the request that can carry a mark, in the API's order: tools, system, messages. */
  readonly items: ReadonlyArray<object>
  /** Items to mark, the most useful first. */
  readonly wanted: ReadonlyArray<object>
  /** The caller's `cache_control` of the whole request, which the API puts on the last item. */
  readonly automatic: CacheControl | null | undefined
  readonly cache: CacheSetting
}

const readLifetime = (item: object): Lifetime | undefined => {
  const mark = (item as Markable).cache_control
  return mark === undefined || mark === null ? undefined : (mark.ttl ?? "5m")
}

/** The API refuses a tool that is both deferred and marked. */
export const isDeferred = (item: object): boolean => "defer_loading" in item && item.defer_loading === true

/** The lifetime that keeps longer ones before shorter ones; `undefined` if none does. */
const chooseLifetime = (
  lifetimes: ReadonlyArray<Lifetime | undefined>,
  index: number,
  wanted: Lifetime
): Lifetime | undefined => {
  const isShortBefore = lifetimes.slice(0, index).includes("5m")
  const isLongAfter = lifetimes.slice(index + 1).includes("1h")
  if (isShortBefore) return isLongAfter ? undefined : "5m"
  return isLongAfter ? "1h" : wanted
}

/**
 * Where to put cache breakpoints: up to four with the caller's, which stay, and longer lifetimes before shorter
 * ones.
 */
export const planMarks = ({
  automatic,
  cache,
  items,
  wanted
}: MarkPlan): ReadonlyMap<object, CacheControl> => {
  const marks = new Map<object, CacheControl>()
  if (cache === false) return marks
  const lifetimes = items.map(readLifetime)
  const last = automatic === undefined || automatic === null ? undefined : (automatic.ttl ?? "5m")
  lifetimes.push(last)
  let left = MARKS_MAX - lifetimes.filter((lifetime) => lifetime !== undefined).length
  for (const item of wanted) {
    const index = items.indexOf(item)
    const isMarked = lifetimes[index] !== undefined
    // The API's own mark goes there.
    const isTaken = last !== undefined && index === items.length - 1
    if (left <= 0 || index < 0 || isMarked || isTaken || isDeferred(item)) continue
    const lifetime = chooseLifetime(lifetimes, index, cache)
    if (lifetime === undefined) continue
    lifetimes[index] = lifetime
    left -= 1
    marks.set(item, lifetime === "1h" ? { type: "ephemeral", ttl: "1h" } : { type: "ephemeral" })
  }
  return marks
}

/** The items with their marks; the same item where it has none. */
export const putMarks = <A extends object>(
  items: ReadonlyArray<A>,
  marks: ReadonlyMap<object, CacheControl>
): Array<A> =>
  items.map((item) => {
    const mark = marks.get(item)
    return mark === undefined ? item : { ...item, cache_control: mark }
  })
