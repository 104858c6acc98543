/** The step after scoring: what is so now before what was so, and each statement once. It changes no score. */
import type { Evidence } from "../features.ts"
import { isNearCopy, mayFold, type Outline } from "../sentences/copies.ts"
import { type Read, readRow, type Relations, relate } from "./relate.ts"
import { isUnspaced } from "../sentences/values.ts"
import { findSpokenBy } from "./spokenBy.ts"
import type { SentenceCache } from "../sentences/SentenceCache.ts"

/** A row in the order of the answer, and what was found of it among the others. */
export interface Arranged<A> {
  readonly item: A
  /** Ids of the rows that say it otherwise later, the latest first; it stands behind them. */
  readonly followedBy: ReadonlyArray<string>
  /** Ids of the near-copies that are folded into it, best first. */
  readonly copies: ReadonlyArray<string>
  /** Its place by score alone, from 0. */
  readonly place: number
}

/** The share of the longer one's words that the shorter of two copies has. */
const COPY_LENGTH_MIN = 0.6

/** What a recall knows of a message and its candidates. */
export interface ReadMessage {
  readonly parts: ReadonlyArray<Omit<Read, "sentences">>
  readonly sentences: SentenceCache
}

/** Tells most rows apart by what the search found of them, before a text is read. */
const mayBeCopies = (a: Evidence, b: Evidence, isUnspacedQuery: boolean): boolean =>
  a.part === b.part &&
  (isUnspacedQuery || (a.mask0 === b.mask0 && a.mask1 === b.mask1)) &&
  Math.min(a.length, b.length) >= COPY_LENGTH_MIN * Math.max(a.length, b.length) &&
  a.text !== null &&
  b.text !== null &&
  mayFold(a.text.excerpt.memory, b.text.excerpt.memory)

/** Reads the outline of a row's text, once; `null` where there is no text. */
type ReadOutline = (row: Evidence) => Outline | null

const makeReadOutline = ({ parts, sentences }: ReadMessage): ReadOutline => {
  const known = new Map<Evidence, Outline | null>()
  return (row) => {
    const before = known.get(row)
    if (before !== undefined) return before
    const query = parts[row.part]?.query
    const outline = query === undefined ? null : (readRow(row, { query, sentences })?.outline ?? null)
    known.set(row, outline)
    return outline
  }
}

/**
 * Whether two rows say the same in nearly the same words. Where those of the question are not spaced, a character more
 * or less makes other pairs, and copies hold others of them.
 */
const areCopies = (
  a: Evidence,
  b: Evidence,
  { isUnspacedQuery, readOutline }: { readonly isUnspacedQuery: boolean; readonly readOutline: ReadOutline }
): boolean => {
  if (!mayBeCopies(a, b, isUnspacedQuery)) return false
  const [first, second] = [readOutline(a), readOutline(b)]
  return first !== null && second !== null && isNearCopy(first, second)
}

/** The places of rows, what stands before a row put before it. */
const orderBy = (count: number, before: (place: number) => ReadonlyArray<number>): ReadonlyArray<number> => {
  const placed = new Set<number>()
  const ordered: Array<number> = []
  const put = (place: number): void => {
    if (placed.has(place)) return
    placed.add(place)
    for (const other of before(place)) put(other)
    ordered.push(place)
  }
  for (let place = 0; place < count; place++) put(place)
  return ordered
}

const NOTHING: ReadonlyArray<number> = []
const NO_IDS: ReadonlyArray<string> = []

/** What stands before what, among the rows that answer one part of the message. */
const relateParts = (rows: ReadonlyArray<Evidence>, { parts, sentences }: ReadMessage): Relations => {
  const [first, ...others] = parts
  // Most messages are asked whole.
  if (first !== undefined && others.length === 0) return relate(rows, { ...first, sentences })
  const followers = new Map<number, ReadonlyArray<number>>()
  const rules = new Map<number, ReadonlyArray<number>>()
  for (const [part, asked] of parts.entries()) {
    const places = Array.from(rows.keys()).filter((place) => rows[place]?.part === part)
    const own = places.flatMap((place) => rows[place] ?? [])
    const related = relate(own, { ...asked, sentences })
    const toPlaces = (some: ReadonlyArray<number>) => some.map((at) => places[at] ?? 0)
    for (const [at, some] of related.followers) followers.set(places[at] ?? 0, toPlaces(some))
    for (const [at, some] of related.rules) rules.set(places[at] ?? 0, toPlaces(some))
  }
  return { followers, rules }
}

/** What stands before what, and what the one speaker whom the message names says. */
const withSpokenBy = (
  rules: Relations["rules"],
  rows: ReadonlyArray<Evidence>,
  { parts }: ReadMessage
): Relations["rules"] => {
  const [part, ...others] = parts
  const spoken = findSpokenBy(rows, others.length === 0 ? (part?.query.speaker ?? null) : null)
  if (spoken.size === 0) return rules
  const all = new Map(rules)
  for (const [place, before] of spoken) all.set(place, [...(rules.get(place) ?? NOTHING), ...before])
  return all
}

/**
 * Arranges the best rows, which are in the order of their scores, and keeps the first `limit`. `score` is `null` for a
 * row that must not be shown.
 */
export const arrange = <A>(
  rows: ReadonlyArray<Evidence>,
  read: ReadMessage,
  limit: number,
  score: (row: Evidence) => A | null
): ReadonlyArray<Arranged<A>> => {
  const { followers, rules: exceptions } = relateParts(rows, read)
  const rules = withSpokenBy(exceptions, rows, read)
  const followersOf = (place: number) => followers.get(place) ?? NOTHING
  const ordered =
    followers.size === 0 && rules.size === 0
      ? rows.keys()
      : orderBy(rows.length, (place) => [...followersOf(place), ...(rules.get(place) ?? NOTHING)])
  const shown: Array<{
    readonly row: Evidence
    readonly item: A
    readonly place: number
    readonly copies: Array<string>
  }> = []
  const shownIds = new Set<string>()
  const reading = {
    isUnspacedQuery: read.parts.some(({ query }) => isUnspaced(query.text)),
    readOutline: makeReadOutline(read)
  }
  for (const place of ordered) {
    if (shown.length === limit) break
    const row = rows[place]
    const item = row === undefined ? null : score(row)
    if (row === undefined || item === null) continue
    const twin = shown.find((other) => areCopies(other.row, row, reading))
    if (twin === undefined) {
      shown.push({ row, item, place, copies: [] })
      shownIds.add(row.facts.id)
    } else twin.copies.push(row.facts.id)
  }
  const shownAmong = (some: ReadonlyArray<number>): ReadonlyArray<string> =>
    some.flatMap((follower) => {
      const id = rows[follower]?.facts.id
      return id === undefined || !shownIds.has(id) ? [] : [id]
    })
  return shown.map(({ copies, item, place }) => {
    const some = followersOf(place)
    return { item, place, copies, followedBy: some === NOTHING ? NO_IDS : shownAmong(some) }
  })
}
