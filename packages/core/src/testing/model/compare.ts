import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Memory } from "../../memory/Memory.ts"
import type { MemoryError } from "../../memory/MemoryError.ts"
import type { Page } from "../../store/MemoryStore.ts"
import type { AroundRow, Excerpt, PartEvidence } from "../../store/searching.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { same, sameEvidence, sameRows, sameSearch, sameSet, soundSearch } from "../check.ts"
import type { Handle } from "../Law.ts"
import type { Operation } from "./Operation.ts"

/**
 * Makes a call on a store and on the oracle and compares the answers: order if the contract promises one, scores
 * within `epsilon`.
 */
export const compare = (
  operation: Operation,
  handle: Handle,
  oracle: Handle,
  epsilon: number
): Effect.Effect<void, MemoryError> => {
  const { method } = operation
  const both = <A>(
    call: (on: Handle) => Effect.Effect<A, MemoryError>,
    agree: (actual: A, expected: A) => void
  ): Effect.Effect<void, MemoryError> =>
    Effect.flatMap(call(handle), (actual) => Effect.map(call(oracle), (expected) => agree(actual, expected)))
  const exactly = <A>(actual: A, expected: A) => same(actual, expected, method)
  const inAnyOrder = (actual: ReadonlyArray<Memory>, expected: ReadonlyArray<Memory>) =>
    sameSet(actual, expected, method)
  switch (operation.method) {
    case "put":
      return both(({ store }) => store.put(operation.request), exactly)
    case "get":
      return both(({ store }) => store.get(operation.request), inAnyOrder)
    case "search":
      return compareSearch(operation.request, handle, oracle, epsilon)
    case "around":
      return both(
        ({ store }) => store.around(operation.request),
        (actual, expected) => sameNeighbours(actual, expected, epsilon, method)
      )
    case "speakers":
      return both(
        ({ store }) => store.speakers(operation.request),
        (actual, expected) => same(actual.toSorted(), expected.toSorted(), method)
      )
    case "lastTurn":
      return both(({ store }) => store.lastTurn(operation.request), exactly)
    case "list":
      return both(({ store }) => store.list(operation.request), exactly)
    case "listRows":
      return both(
        ({ store }) => store.listRows(operation.request),
        (actual, expected) => samePages(actual, expected, epsilon, method)
      )
    case "excerpts":
      return both(
        ({ store }) => store.excerpts(operation.request),
        (actual, expected) => sameExcerpts(actual, expected, method)
      )
    case "usage":
      return both(({ store }) => store.usage(operation.request), exactly)
    case "latest":
      return both(({ store }) => store.latest(operation.request), exactly)
    case "patch":
      return both(({ store }) => store.patch(operation.request), exactly)
    case "supersede":
      return both(({ store }) => store.supersede(operation.request), exactly)
    case "remove":
      return both(({ store }) => Effect.map(store.remove(operation.request), toRemoved), exactly)
    case "touch":
      return both(({ store }) => store.touch(operation.request), exactly)
    case "count":
      return both(({ store }) => store.count(operation.request), exactly)
    case "predecessors":
      return both(({ store }) => store.predecessors(operation.request), inAnyOrder)
    default:
      return compareUpkeep(operation, (call) => both(call, exactly))
  }
}

type Upkeep = Extract<
  Operation,
  { method: "sessions" | "append" | "entries" | "listEntries" | "dropEntries" | "payOwed" | "expire" }
>

/** The calls whose answers agree exactly and that concern more than rows. */
const compareUpkeep = (
  operation: Upkeep,
  compareExactly: <A>(call: (on: Handle) => Effect.Effect<A, MemoryError>) => Effect.Effect<void, MemoryError>
): Effect.Effect<void, MemoryError> => {
  switch (operation.method) {
    case "sessions":
      return compareExactly(({ store }) => store.sessions(operation.request))
    case "append":
      return compareExactly(({ store }) => Effect.map(Effect.result(store.append(operation.request)), toTag))
    case "entries":
      return compareExactly(({ store }) => store.entries(operation.request))
    case "listEntries":
      return compareExactly(({ store }) => store.listEntries(operation.request))
    case "dropEntries":
      return compareExactly(({ store }) => store.dropEntries(operation.request))
    case "payOwed":
      return compareExactly(({ admin }) => admin.payOwed(operation.request))
    default:
      return compareExactly(({ admin }) => Effect.map(admin.expire(operation.request), toRemoved))
  }
}

const sameNeighbours = (
  actual: ReadonlyArray<AroundRow>,
  expected: ReadonlyArray<AroundRow>,
  epsilon: number,
  method: string
): void => {
  const right = new Map(expected.map((row) => [row.facts.id, row]))
  same(actual.map(({ facts }) => facts.id).toSorted(), Array.from(right.keys()).toSorted(), method)
  for (const { excerpt, facts, parts, passes } of actual) {
    const row = right.get(facts.id)
    same([facts, passes], [row?.facts, row?.passes], `${method}: a row`)
    same(parts.length, row?.parts.length, `${method}: evidence for each part`)
    parts.forEach((evidence, part) => {
      const expectedPart = row?.parts[part]
      // Without IDF, the sum of the weights decides.
      const score = ({ weights }: PartEvidence) => weights.reduce((sum, weight) => sum + weight, 0)
      if (expectedPart !== undefined) {
        sameEvidence(evidence, expectedPart, score, epsilon, `${method}: part ${part}`)
      }
    })
    // Passages that tie may stand for each other.
    if (excerpt.passage === row?.excerpt.passage) same(excerpt, row.excerpt, `${method}: excerpt`)
  }
}

const excerptKey = ({ memory, passage }: Excerpt): string => `${memory.id} ${passage}`

const sameExcerpts = (
  actual: ReadonlyArray<Excerpt>,
  expected: ReadonlyArray<Excerpt>,
  method: string
): void => {
  const sorted = (excerpts: ReadonlyArray<Excerpt>) =>
    excerpts.toSorted((a, b) => (excerptKey(a) < excerptKey(b) ? -1 : 1))
  same(sorted(actual), sorted(expected), method)
}

const samePages = (
  actual: Page<StoreRow>,
  expected: Page<StoreRow>,
  epsilon: number,
  method: string
): void => {
  same(actual.next, expected.next, `${method}: next`)
  sameRows(actual.rows, expected.rows, epsilon, method)
}

/** Two writers of one number are part of a program. */
const toTag = (result: Result.Result<void, MemoryError>): string =>
  Result.isFailure(result) ? result.failure.reason._tag : "kept"

const toRemoved = ({ removed }: { readonly removed: number }): number => removed

/** Asks the oracle for every row that may be returned: a tie at the limit is no fault. */
const compareSearch = (
  request: Extract<Operation, { method: "search" }>["request"],
  { store }: Handle,
  oracle: Handle,
  epsilon: number
): Effect.Effect<void, MemoryError> =>
  Effect.gen(function* () {
    const actual = yield* store.search(request)
    const all = yield* oracle.store.search({ ...request, limit: Number.MAX_SAFE_INTEGER })
    const agree = request.exact === true ? sameSearch : soundSearch
    agree(actual, all, request.limit, epsilon, "search")
  })
