import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { inMemoryData } from "../../store/inMemory/inMemoryData.ts"
import { InMemoryStore } from "../../store/inMemory/InMemoryStore.ts"
import type { MemoryError } from "../../memory/MemoryError.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { Cursor, Page } from "../../store/MemoryStore.ts"
import { type Scope, scopeKey } from "../../memory/Scope.ts"
import { type Handle, lawFingerprint, type LawSettings, makePlace } from "../Law.ts"
import { makeRandom } from "../random.ts"
import { T0 } from "../rows.ts"
import { compare } from "./compare.ts"
import { nextOperation, type World } from "./generate.ts"
import { describeOperation } from "./Operation.ts"

/** A random sequence of operations, replayed by its seed. */
export interface Program extends LawSettings {
  /** One or more instances over the same data; each operation goes to one of them at random. */
  readonly handles: ReadonlyArray<Handle>
  /** Scopes that are empty at the start. */
  readonly scopes: ReadonlyArray<Scope>
}

/**
 * Runs a random program on a store and on the in-memory one, comparing every answer and, at the end, every
 * row: ids, order, counts and memories exactly, scores and vectors within `epsilon`. The same seed is the
 * same program. The first difference is a defect that names the seed, the step and the last operations.
 */
export const runProgram = Effect.fnUntraced(function* (program: Program) {
  const { dimensions, epsilon, handles, operations, scopes, seed } = program
  const data = inMemoryData()
  const oracle = yield* makePlace(InMemoryStore.layerOf(data), lawFingerprint(dimensions)).open()
  const random = makeRandom(seed)
  const world: World = {
    random,
    scopes,
    dimensions,
    start: T0,
    now: T0,
    stored: (scope) => Array.from(data.scopes.get(scopeKey(scope))?.values() ?? [])
  }
  const trail: Array<string> = []
  const replayable = (i: number) => (cause: MemoryError) =>
    new Error(report(seed, operations, i, trail), { cause })
  for (let i = 0; i < operations; i++) {
    const operation = nextOperation(world)
    trail.push(describeOperation(operation))
    if (trail.length > 8) trail.shift()
    yield* compare(operation, random.pick(handles), oracle, epsilon).pipe(
      Effect.catchDefect((defect) =>
        Effect.die(new Error(report(seed, operations, i, trail), { cause: defect }))
      ),
      Effect.mapError(replayable(i))
    )
  }
  for (const scope of scopes) {
    for (const handle of handles) yield* sameRowsKept(scope, handle, oracle, epsilon)
  }
})

/** Compares every row of a scope at time 0, which shows expired rows that were not purged. */
const sameRowsKept = Effect.fnUntraced(function* (
  scope: Scope,
  handle: Handle,
  oracle: Handle,
  epsilon: number
) {
  let after: Cursor | null = null
  do {
    const request = { scope, now: 0, filter: ANY, closed: true, limit: 500, ...(after && { after }) }
    yield* compare({ method: "listRows", request }, handle, oracle, epsilon)
    const page: Page<Memory> = yield* oracle.store.list(request)
    after = page.next
  } while (after !== null)
})

const report = (seed: number, operations: number, step: number, trail: ReadonlyArray<string>): string =>
  [
    `The store and the oracle disagree at operation ${step}.`,
    `Replay: KEEPSAKE_SEED=${seed} KEEPSAKE_LAW_OPERATIONS=${Math.min(operations, step + 1)}. The last operations:`,
    ...trail.map((line) => (line.length > 600 ? `${line.slice(0, 600)}…` : line))
  ].join("\n")
