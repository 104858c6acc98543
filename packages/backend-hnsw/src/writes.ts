import {
  type MemoryStore,
  type PutResult,
  refusedWhole,
  type Scope,
  type Superseded
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { StoreServices } from "./StoreServices.ts"
import type { ScopeRow } from "./tables/ScopeTable.ts"
import { writeScope } from "./writeScope.ts"

type Store = MemoryStore["Service"]

/** Writes that a scope's limits concern. */
const makeLimitedWrites = (
  services: StoreServices
): Pick<Store, "put" | "patch" | "supersede" | "append"> => {
  const { entries, indexes, memories, scopes } = services
  const create = (scope: Scope): ScopeRow => scopes.findOrCreate(scope)
  return {
    put: (request) => {
      const { now, rows, scope, whole } = request
      const foresee = (sid: number) => rows.map((row) => memories.foresee(scope, sid, row, now))
      return rows.length === 0
        ? Effect.succeed([])
        : writeScope<ReadonlyArray<PutResult>>(services, {
            ...request,
            toIds: (results) => results.map(({ id }) => id),
            size: rows.length,
            find: create,
            otherwise: [],
            *begin(change, before) {
              const refused = whole === undefined ? null : refusedWhole(request, foresee(change.sid))
              if (refused !== null) return refused
              const filler = indexes.fillBlocks(before, rows.length)
              change.added = filler
              const results: Array<PutResult> = []
              for (const row of rows) {
                results.push(memories.put(scope, change, row, now))
                yield
              }
              filler?.finish()
              return results
            }
          })
    },
    patch: ({ change: fields, id, ...request }) =>
      writeScope(services, {
        ...request,
        toIds: () => [id],
        find: (scope) => scopes.find(scope),
        otherwise: null,
        write: (change) => memories.patch(request.scope, change, id, fields, request.now)
      }),
    supersede: ({ id, row, ...request }) =>
      writeScope<Superseded>(services, {
        ...request,
        toIds: (superseded) => [id, superseded.id ?? row.memory.id],
        find: create,
        otherwise: { outcome: "conflict", closed: false },
        write: (change) => {
          const { now, scope } = request
          const { id: successorId, outcome } = memories.put(scope, change, row, now)
          const closed = outcome !== "conflict" && memories.close(scope, change, id, successorId, now)
          return { outcome, closed, ...(successorId === row.memory.id ? {} : { id: successorId }) }
        }
      }),
    append: ({ entries: appended, ...request }) =>
      appended.length === 0
        ? Effect.void
        : writeScope(services, {
            ...request,
            toIds: () => [],
            size: appended.length,
            find: create,
            otherwise: undefined,
            write: (change) => {
              for (const entry of appended) entries.append(change, entry, request.now)
            }
          })
  }
}

/** Every write of a store. */
export const makeWrites = (
  services: StoreServices
): Pick<Store, "put" | "patch" | "supersede" | "append" | "remove" | "dropEntries" | "touch"> => {
  const { commits, eraser, indexes, memories, scopes } = services
  return {
    ...makeLimitedWrites(services),
    dropEntries: (request) => eraser.dropEntries(request),
    remove: ({ scope, target }) => eraser.remove(scope, target),
    touch: ({ ids, now, scope }) => {
      const distinctIds = Array.from(new Set(ids))
      const touch = commits.write(() => {
        const row = scopes.find(scope)
        if (row === null) return null
        const rids = distinctIds.flatMap((id) => memories.touch(row.sid, id, now) ?? [])
        scopes.touch(row.sid)
        return { rids, touched: row.touched + 1 }
      })
      return Effect.map(touch, (done) => {
        if (done !== null) indexes.touched(scope, done.rids, now, done.touched)
      })
    }
  }
}
