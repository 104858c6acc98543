/**
 * What the laws assert with: plain `node:assert`, so that they run with any test runner or none.
 */
import assert from "node:assert/strict"
import { isDeepStrictEqual } from "node:util"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Memory } from "../memory/Memory.ts"
import { MemoryError, type MemoryErrorReason } from "../memory/MemoryError.ts"
import type { PartEvidence, SearchHit, SearchResult } from "../store/searching.ts"
import { type Removal, toErasure } from "../store/removal.ts"
import type { StoreRow } from "../store/StoreRow.ts"
import { type Findings, toScore } from "./model/find.ts"

/** Equal as plain data. Prototypes may differ: some drivers return rows without one. */
export const same = (actual: unknown, expected: unknown, what: string): void => {
  const [is, should] = [plain(actual), plain(expected)]
  if (isDeepStrictEqual(is, should)) return
  const difference = new assert.AssertionError({ actual: is, expected: should, operator: "deepStrictEqual" })
  difference.message = `${what}\n${difference.message}`
  throw difference
}

const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (ArrayBuffer.isView(value)) return value
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}

/** Fails the law unless `condition` is true; `what` says what must hold. */
export const holds = (condition: boolean, what: string): void => assert.ok(condition, what)

const byId = (a: Memory, b: Memory): number => (a.id < b.id ? -1 : Number(a.id > b.id))

/** The same memories in any order, each once. */
export const sameSet = (actual: ReadonlyArray<Memory>, expected: ReadonlyArray<Memory>, what: string): void =>
  same(actual.toSorted(byId), expected.toSorted(byId), what)

/** The ids of rows, in order. */
export const toIds = (rows: ReadonlyArray<{ readonly memory: Memory } | Memory>): ReadonlyArray<string> =>
  rows.map((row) => ("memory" in row ? row.memory.id : row.id))

/** The texts of rows, sorted. */
export const toContents = (
  rows: ReadonlyArray<{ readonly memory: Memory } | Memory>
): ReadonlyArray<string> => rows.map((row) => ("memory" in row ? row.memory.content : row.content)).toSorted()

/** Equal within a tolerance. */
export const close = (
  actual: number | null,
  expected: number | null,
  epsilon: number,
  what: string
): void => {
  const near =
    actual === null || expected === null ? actual === expected : Math.abs(actual - expected) <= epsilon
  assert.ok(near, `${what}: ${actual} where ${expected} is right (within ${epsilon})`)
}

/** Rows with their vectors and weights, these within `epsilon`. */
export const sameRows = (
  actual: ReadonlyArray<StoreRow>,
  expected: ReadonlyArray<StoreRow>,
  epsilon: number,
  what: string
): void => {
  same(
    actual.map((row) => row.memory),
    expected.map((row) => row.memory),
    what
  )
  actual.forEach((row, i) => {
    same(row.owed, expected[i]?.owed, `${what}: owed`)
    same(row.passages.length, expected[i]?.passages.length, `${what}: passages`)
    row.passages.forEach((passage, j) => {
      const right = expected[i]?.passages[j]
      same([passage.start, passage.end], [right?.start, right?.end], `${what}: the place of a passage`)
      same(Array.from(passage.terms.ids), Array.from(right?.terms.ids ?? []), `${what}: terms`)
      nearAll(passage.terms.weights, right?.terms.weights ?? null, epsilon, `${what}: weights`)
      same(passage.terms.length, right?.terms.length, `${what}: length in terms`)
      close(passage.terms.norm, right?.terms.norm ?? null, epsilon, `${what}: norm`)
      nearAll(passage.vector, right?.vector ?? null, epsilon, `${what}: vector`)
    })
  })
}

const nearAll = (
  actual: Float32Array | null,
  expected: Float32Array | null,
  epsilon: number,
  what: string
): void => {
  assert.equal(actual?.length, expected?.length, `${what}: length`)
  actual?.forEach((part, i) => close(part, expected?.[i] ?? null, epsilon, `${what}[${i}]`))
}

/** What was found, without the way it was found. */
export const findings = ({ df, hits, n }: Findings): Omit<Findings, "plan"> => ({ hits, n, df })

/** A channel of a part; a row without a score in it is no hit of it. */
interface Channel {
  readonly name: string
  readonly score: (hit: SearchHit) => number
}

const NONE = Number.NEGATIVE_INFINITY

const channelsOf = (result: SearchResult): ReadonlyArray<Channel> =>
  result.df.flatMap((_, part): ReadonlyArray<Channel> => [
    { name: `cosine of part ${part}`, score: ({ parts }) => parts[part]?.cosine ?? NONE },
    {
      name: `bm25 of part ${part}`,
      score: ({ parts }) => {
        const score = parts[part] === undefined ? 0 : toScore(result, part, parts[part])
        return score > 0 ? score : NONE
      }
    }
  ])

const hitIds = ({ hits }: SearchResult): ReadonlyArray<string> => hits.map(({ facts }) => facts.id)

/**
 * Compares a search with the right answer. `all` holds every row that may be returned, scored; `limit` is
 * the request's. Rows whose score is within `epsilon` of a channel's last hit may be missing or present; the rest
 * must agree.
 */
export const sameSearch = (
  actual: SearchResult,
  all: SearchResult,
  limit: number,
  epsilon: number,
  what: string
): void => {
  const returned = new Set(hitIds(actual))
  const allowed = new Set<string>()
  for (const { name, score } of channelsOf(all)) {
    const ranked = all.hits.filter((hit) => score(hit) > NONE)
    ranked.sort((a, b) => score(b) - score(a))
    const last = ranked.at(limit - 1)
    const cut = ranked.length <= limit || last === undefined ? NONE : score(last)
    for (const hit of ranked) {
      const { id } = hit.facts
      if (score(hit) >= cut - epsilon) allowed.add(id)
      if (score(hit) > cut + epsilon || ranked.length <= limit) {
        assert.ok(
          returned.has(id),
          `${what}: ${id} is missing, ${name} ${score(hit)} against a cut at ${cut}`
        )
      }
    }
  }
  for (const id of returned) assert.ok(allowed.has(id), `${what}: ${id} must not be among the hits`)
  sameHits(actual, all, epsilon, what)
}

/** The same evidence; of passages that tie, any may stand for the words. */
export const sameEvidence = (
  actual: PartEvidence,
  expected: PartEvidence,
  score: (evidence: PartEvidence) => number,
  epsilon: number,
  what: string
): void => {
  close(actual.cosine, expected.cosine, epsilon, `${what}: cosine`)
  close(score(actual), score(expected), epsilon, `${what}: bm25`)
  if (actual.worded !== expected.worded) return
  nearAll(actual.weights, expected.weights, epsilon, `${what}: weights`)
  same(actual.length, expected.length, `${what}: length in terms`)
  close(actual.norm, expected.norm, epsilon, `${what}: norm`)
}

/** Each hit may be returned, has the facts of its row and exact evidence, and comes once. */
const sameHits = (actual: SearchResult, all: SearchResult, epsilon: number, what: string): void => {
  same({ n: actual.n, df: actual.df }, { n: all.n, df: all.df }, `${what}: counts`)
  assert.equal(new Set(hitIds(actual)).size, actual.hits.length, `${what}: a row is there twice`)
  const right = new Map(all.hits.map((hit) => [hit.facts.id, hit]))
  for (const { facts, parts } of actual.hits) {
    const expected = right.get(facts.id)
    same(facts, expected?.facts, `${what}: the facts of a hit`)
    same(parts.length, all.df.length, `${what}: evidence for each part`)
    parts.forEach((evidence, part) => {
      const expectedPart = expected?.parts[part]
      if (expectedPart === undefined) assert.fail(`${what}: ${facts.id} must not be among the hits`)
      const score = (one: PartEvidence) => toScore(all, part, one)
      sameEvidence(evidence, expectedPart, score, epsilon, `${what}: ${facts.id}, part ${part}`)
    })
  }
}

/**
 * Like `sameSearch`, for a plan that may be approximate: it may find other rows, but each is right, and each
 * channel returns `limit` rows if the scope has that many.
 */
export const soundSearch = (
  actual: SearchResult,
  all: SearchResult,
  limit: number,
  epsilon: number,
  what: string
): void => {
  sameHits(actual, all, epsilon, what)
  for (const { name, score } of channelsOf(all)) {
    const isScored = (hit: SearchHit): boolean => score(hit) > NONE
    const wanted = Math.min(limit, all.hits.filter(isScored).length)
    const returned = actual.hits.filter(isScored).length
    assert.ok(returned >= wanted, `${what}: ${returned} hits by ${name} where ${wanted} are wanted`)
  }
}

/** A removal of so many rows, whose places add up to what it claims. */
export const sameRemoval = ({ removed, ...erasure }: Removal, expected: number, what: string): void => {
  same(removed, expected, `${what}: how many`)
  same(erasure, toErasure(erasure.places), `${what}: claims what its places say`)
  assert.ok(erasure.places.length > 0, `${what}: names no place`)
  same(erasure.bytes === "untouched", removed === 0, `${what}: bytes are touched if rows are removed`)
  for (const { bytes, place, toErase } of erasure.places) {
    same(
      bytes === "unlinked",
      toErase !== "",
      `${what}: ${place} says how to erase the rest where there is one`
    )
  }
}

/** The call fails with a `MemoryError` that has a message; returns it. */
export const failsTyped = Effect.fnUntraced(function* <A>(call: Effect.Effect<A, unknown>, what: string) {
  const exit = yield* Effect.exit(call)
  if (Exit.isSuccess(exit)) assert.fail(`${what}: succeeded where it must fail`)
  const error = Exit.findErrorOption(exit)
  const failure = error._tag === "Some" ? error.value : exit.cause
  assert.ok(failure instanceof MemoryError, `${what}: no MemoryError but ${String(failure)}`)
  assert.ok(failure.message.length > 0, `${what}: the error says nothing`)
  return failure
})

/** Like `failsTyped`, with this reason. */
export const failsWith = Effect.fnUntraced(function* <A>(
  call: Effect.Effect<A, unknown>,
  reason: MemoryErrorReason["_tag"],
  what: string
) {
  const failure = yield* failsTyped(call, what)
  assert.equal(failure.reason._tag, reason, `${what}: ${failure.message}`)
  return failure
})
