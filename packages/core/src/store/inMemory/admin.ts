import * as Effect from "effect/Effect"
import { checkVectors } from "../vectors.ts"
import { sameFingerprint } from "../../memory/Fingerprint.ts"
import { allRows, drop, type InMemoryData, keep, scopeRows, stagedKey, unstagedRows } from "./inMemoryData.ts"
import { isExpired } from "../../memory/lifetime.ts"
import type { Memory } from "../../memory/Memory.ts"
import { type ErasedPlace, type Removal, toErasure } from "../removal.ts"
import { usageOf } from "./limits.ts"
import { type Scope, scopeKey } from "../../memory/Scope.ts"
import type { StoreAdmin } from "../StoreAdmin.ts"
import { noMoveUnderWay, otherMoveUnderWay, rowsUnstaged } from "../storeErrors.ts"

type Admin = StoreAdmin["Service"]

/** The process holds the only copy: what is removed is gone. */
export const toRemoval = (removed: number, hadEntries = false): Removal => {
  const bytes = removed > 0 || hadEntries ? "erased" : "untouched"
  const rows: ErasedPlace = { place: "rows", bytes, toErase: "" }
  return { removed, ...toErasure([rows]) }
}

/** Scopes that hold a row or an entry, by `scopeKey`. */
const heldScopes = (data: InMemoryData): ReadonlyMap<string, Scope> => {
  const scopes = [
    ...allRows(data).map(({ memory }) => memory.scope),
    ...Array.from(data.sessions.values()).flatMap(({ entries, scope }) => (entries.size === 0 ? [] : [scope]))
  ]
  return new Map(scopes.map((scope) => [scopeKey(scope), scope]))
}

/** The operator's calls that concern rows. */
export const inMemoryUpkeep = (
  data: InMemoryData
): Pick<Admin, "expire" | "firstExpiry" | "scopes" | "eraseUser"> => {
  const dropWhere = (doomed: (memory: Memory) => boolean, limit: number): Removal => {
    const memories = allRows(data).map((row) => row.memory)
    return toRemoval(drop(data, memories.filter(doomed).slice(0, limit)))
  }
  return {
    expire: ({ limit, now }) => Effect.sync(() => dropWhere((memory) => isExpired(memory, now), limit)),

    firstExpiry: Effect.sync(() =>
      allRows(data).reduce<number | null>((first, { memory: { expiresAt } }) => {
        if (expiresAt === null) return first
        return first === null ? expiresAt : Math.min(first, expiresAt)
      }, null)
    ),

    eraseUser: ({ userId }) =>
      Effect.sync(() => {
        const { removed } = dropWhere((memory) => memory.scope.userId === userId, Number.POSITIVE_INFINITY)
        const sessions = Array.from(data.sessions).filter(([, { scope }]) => scope.userId === userId)
        for (const [key] of sessions) data.sessions.delete(key)
        return toRemoval(
          removed,
          sessions.some(([, { entries }]) => entries.size > 0)
        )
      }),

    scopes: ({ after, limit }) =>
      Effect.sync(() =>
        Array.from(heldScopes(data))
          .filter(([key]) => after === undefined || key > scopeKey(after))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, limit)
          .map(([, scope]) => ({
            scope,
            rows: scopeRows(data, scope).size,
            bytes: usageOf(data, scope).bytes
          }))
      )
  }
}

/** Vectors that are still to come. */
export const inMemoryOwed = (data: InMemoryData): Pick<Admin, "owed" | "payOwed"> => ({
  owed: ({ limit }) =>
    Effect.sync(() =>
      allRows(data)
        .filter(({ owed }) => owed)
        .slice(0, limit)
        .map(({ memory, passages }) => ({
          memory,
          spans: passages.map(({ end, start }) => ({ start, end }))
        }))
    ),

  payOwed: Effect.fnUntraced(function* (rows) {
    const given = rows.flatMap(({ vectors }) => vectors)
    if (data.fingerprint !== null) yield* checkVectors(data.fingerprint, "rows.vectors", given)
    let paid = 0
    for (const { id, scope, vectors } of rows) {
      const row = scopeRows(data, scope).get(id)
      if (row === undefined || !row.owed || row.passages.length !== vectors.length) continue
      const [first, ...rest] = row.passages.map((passage, i) => ({ ...passage, vector: vectors[i] ?? null }))
      if (first === undefined) continue
      keep(data, { ...row, passages: [first, ...rest], owed: false })
      paid += 1
    }
    return paid
  })
})

/** Moving to another space. `commitStage` replaces the fingerprint in `data`, which closes stores that served the old one. */
export const inMemoryStaging = (
  data: InMemoryData
): Pick<Admin, "stage" | "unstaged" | "fillStage" | "commitStage" | "dropStage"> => {
  return {
    stage: (next) =>
      Effect.suspend(() => {
        const { staged } = data
        if (staged !== null && !sameFingerprint(staged.fingerprint, next)) {
          return Effect.fail(otherMoveUnderWay(staged.fingerprint, next))
        }
        data.staged = staged ?? { fingerprint: next, rows: new Map() }
        return Effect.void
      }),

    unstaged: ({ limit }) =>
      Effect.sync(() =>
        unstagedRows(data)
          .slice(0, limit)
          .map((row) => row.memory)
      ),

    fillStage: Effect.fnUntraced(function* (rows) {
      const space = data.staged
      if (space === null) return
      const vectors = rows.flatMap((row) => row.passages.map(({ vector }) => vector))
      yield* checkVectors(space.fingerprint, "rows.vector", vectors)
      for (const { id, owed, passages, scope } of rows) {
        if (scopeRows(data, scope).has(id)) space.rows.set(stagedKey(scope, id), { passages, owed })
      }
    }),

    commitStage: Effect.suspend(() => {
      const space = data.staged
      if (space === null) return Effect.fail(noMoveUnderWay())
      const missing = unstagedRows(data).length
      if (missing > 0) return Effect.fail(rowsUnstaged(missing))
      for (const row of allRows(data)) {
        keep(data, { ...row, ...space.rows.get(stagedKey(row.memory.scope, row.memory.id)) })
      }
      data.fingerprint = space.fingerprint
      data.calibration = null
      data.staged = null
      return Effect.void
    }),

    dropStage: Effect.sync(() => {
      data.staged = null
    })
  }
}
