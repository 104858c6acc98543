import { Effect } from "effect"
import { checkVectors } from "../checkedStore.ts"
import { describeFingerprint, sameFingerprint } from "../../memory/Fingerprint.ts"
import { allRows, drop, type InMemoryData, keep, rowsOf, stagedKey, unstagedRows } from "./inMemoryData.ts"
import { isExpired } from "../../memory/lifetime.ts"
import type { Memory } from "../../memory/Memory.ts"
import { Conflict, MemoryError } from "../../memory/MemoryError.ts"
import type { Erasure, Removal } from "../MemoryStore.ts"
import { scopeKey } from "../../memory/Scope.ts"
import type { StoreAdmin } from "../StoreAdmin.ts"

type Admin = StoreAdmin["Service"]

/** Runs a body at once, so that every operation is atomic; fails with `Closed` on a closed store. */
export type Run = <A>(body: () => A) => Effect.Effect<A, MemoryError>

/** Nothing is kept outside the process: what is dropped is gone. */
export const ERASED: Erasure = { bytes: "erased", toErase: "" }

const conflict = (message: string): Effect.Effect<never, MemoryError> =>
  Effect.fail(new MemoryError({ reason: new Conflict({ message }) }))

/** What the operator may do to rows. */
export const inMemoryUpkeep = (
  data: InMemoryData,
  run: Run
): Pick<Admin, "expire" | "scopes" | "eraseUser"> => {
  const dropWhere = (doomed: (memory: Memory) => boolean, limit: number): Removal => {
    const memories = allRows(data).map((row) => row.memory)
    return { removed: drop(data, memories.filter(doomed).slice(0, limit)), ...ERASED }
  }
  return {
    expire: ({ limit, now }) => run(() => dropWhere((memory) => isExpired(memory, now), limit)),

    eraseUser: ({ userId }) =>
      run(() => dropWhere((memory) => memory.scope.userId === userId, Number.POSITIVE_INFINITY)),

    scopes: ({ after, limit }) =>
      run(() =>
        Array.from(data.scopes)
          .filter(([key]) => after === undefined || key > scopeKey(after))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, limit)
          .flatMap(([, rows]) => {
            const [first] = rows.values()
            return first === undefined ? [] : [{ scope: first.memory.scope, rows: rows.size }]
          })
      )
  }
}

/** Moving to another space. Another fingerprint in `data` is what ends the stores that served the old one. */
export const inMemoryStaging = (
  data: InMemoryData,
  run: Run
): Pick<Admin, "stage" | "unstaged" | "fillStage" | "commitStage" | "dropStage"> => {
  const staged = run(() => data.staged)
  return {
    stage: (next) =>
      Effect.flatMap(staged, (known) => {
        if (known !== null && !sameFingerprint(known.fingerprint, next)) {
          return conflict(
            `A move to [${describeFingerprint(known.fingerprint)}] is under way; finish it or drop it before starting one to [${describeFingerprint(next)}].`
          )
        }
        data.staged = known ?? { fingerprint: next, rows: new Map() }
        return Effect.void
      }),

    unstaged: ({ limit }) =>
      run(() =>
        unstagedRows(data)
          .slice(0, limit)
          .map((row) => row.memory)
      ),

    fillStage: Effect.fnUntraced(function* (rows) {
      const space = yield* staged
      if (space === null) return
      const vectors = rows.map((row) => row.vector)
      yield* checkVectors(space.fingerprint, "rows.vector", vectors)
      for (const { id, scope, terms, vector } of rows) {
        if (rowsOf(data, scope).has(id)) space.rows.set(stagedKey(scope, id), { vector, terms })
      }
    }),

    commitStage: Effect.flatMap(staged, (space) => {
      if (space === null) return conflict("No move is under way: call stage first.")
      const missing = unstagedRows(data).length
      if (missing > 0) return conflict(`${missing} memories are not in the new space yet.`)
      for (const row of allRows(data)) {
        keep(data, { ...row, ...space.rows.get(stagedKey(row.memory.scope, row.memory.id)) })
      }
      data.fingerprint = space.fingerprint
      data.staged = null
      return Effect.void
    }),

    dropStage: run(() => {
      data.staged = null
    })
  }
}
