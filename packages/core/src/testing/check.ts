/**
 * What the laws assert with: plain `node:assert`, so that they run with any test runner or none.
 */
import assert from "node:assert/strict"
import { isDeepStrictEqual } from "node:util"
import { Effect, Exit } from "effect"
import type { Memory } from "../memory/Memory.ts"
import { MemoryError, type MemoryErrorReason } from "../memory/MemoryError.ts"
import type { SearchHit, SearchResult, StoreRow } from "../store/MemoryStore.ts"

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
    const right = expected[i]
    same(Array.from(row.terms.ids), Array.from(right?.terms.ids ?? []), `${what}: terms`)
    nearAll(row.terms.weights, right?.terms.weights ?? null, epsilon, `${what}: weights`)
    nearAll(row.vector, right?.vector ?? null, epsilon, `${what}: vector`)
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
export const findings = ({ df, hits, n }: SearchResult): Omit<SearchResult, "plan"> => ({ hits, n, df })

const CHANNELS: ReadonlyArray<readonly [string, (hit: SearchHit) => number]> = [
  ["cosine", (hit) => hit.cosine ?? Number.NEGATIVE_INFINITY],
  ["bm25", (hit) => (hit.bm25 > 0 ? hit.bm25 : Number.NEGATIVE_INFINITY)]
]

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
  const returned = new Set(toIds(actual.hits))
  const allowed = new Set<string>()
  for (const [channel, score] of CHANNELS) {
    const ranked = all.hits.filter((hit) => score(hit) > Number.NEGATIVE_INFINITY)
    ranked.sort((a, b) => score(b) - score(a))
    const last = ranked.at(limit - 1)
    const cut = ranked.length <= limit || last === undefined ? Number.NEGATIVE_INFINITY : score(last)
    for (const hit of ranked) {
      if (score(hit) >= cut - epsilon) allowed.add(hit.memory.id)
      if (score(hit) > cut + epsilon || ranked.length <= limit) {
        assert.ok(
          returned.has(hit.memory.id),
          `${what}: ${hit.memory.id} is missing, ${channel} ${score(hit)} against a cut at ${cut}`
        )
      }
    }
  }
  for (const { memory } of actual.hits) {
    assert.ok(allowed.has(memory.id), `${what}: ${memory.id} must not be among the hits`)
  }
  sameHits(actual, all, epsilon, what)
}

/** Each hit may be returned, equals its stored row, has exact scores, and comes once. */
const sameHits = (actual: SearchResult, all: SearchResult, epsilon: number, what: string): void => {
  same({ n: actual.n, df: actual.df }, { n: all.n, df: all.df }, `${what}: counts`)
  assert.equal(new Set(toIds(actual.hits)).size, actual.hits.length, `${what}: a row is there twice`)
  const right = new Map(all.hits.map((hit) => [hit.memory.id, hit]))
  for (const hit of actual.hits) {
    const expected = right.get(hit.memory.id)
    same(hit.memory, expected?.memory, `${what}: the row of a hit`)
    close(hit.cosine, expected?.cosine ?? null, epsilon, `${what}: cosine of ${hit.memory.id}`)
    close(hit.bm25, expected?.bm25 ?? 0, epsilon, `${what}: bm25 of ${hit.memory.id}`)
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
  for (const [channel, score] of CHANNELS) {
    const isScored = (hit: SearchHit): boolean => score(hit) > Number.NEGATIVE_INFINITY
    const wanted = Math.min(limit, all.hits.filter(isScored).length)
    const returned = actual.hits.filter(isScored).length
    assert.ok(returned >= wanted, `${what}: ${returned} hits by ${channel} where ${wanted} are wanted`)
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
})
