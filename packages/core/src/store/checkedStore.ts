import * as Effect from "effect/Effect"
import type { Fingerprint } from "../memory/Fingerprint.ts"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { MemoryStore } from "./MemoryStore.ts"
import type { AroundRequest, ExcerptsRequest, QueryPart, SearchRequest } from "./searching.ts"
import type { StoreMode } from "./StoreAdmin.ts"
import { openedReadOnly, storeClosed } from "./storeErrors.ts"
import { findVectorProblem } from "./vectors.ts"
import type { StoreRow } from "./StoreRow.ts"

type Store = MemoryStore["Service"]

/** What `checkedStore` compares a call with. */
export interface StoreChecks {
  /** The fingerprint the store was opened with: vectors must fit it. */
  readonly fingerprint: Fingerprint
  /** Why calls fail with `Closed`; `null` while the store serves. Read before each call. */
  readonly closedReason: () => string | null
  /** What the store was opened for: writes to one opened read-only are refused, and counts that are not kept are dropped. Writable when absent. */
  readonly mode?: StoreMode | undefined
}

const WRITABLE: StoreMode = { readOnly: false, accessCounts: true }

/** Where a row's id and vectors are in a request. */
const ID_FIELDS = { row: "row.memory.id", rows: "rows.memory.id" } as const
const VECTOR_FIELDS = { row: "row.passages.vector", rows: "rows.passages.vector" } as const

const findIdProblem = (field: string, id: string): MemoryError | null =>
  isUuid(id) ? null : invalidInput(field, "must be a lower-case UUID, as memoryIdOfText makes them")

const findFirst = <A>(
  items: Iterable<A>,
  findProblem: (item: A) => MemoryError | null
): MemoryError | null => {
  for (const item of items) {
    const problem = findProblem(item)
    if (problem !== null) return problem
  }
  return null
}

/** The request without ids that can name no row. */
const withUuids = <R extends { readonly ids: ReadonlyArray<string> }>(request: R): R =>
  request.ids.every((id) => isUuid(id)) ? request : { ...request, ids: request.ids.filter(isUuid) }

/** Puts the new row alone when the old id can name no row. */
const supersedeIn =
  (store: Store): Store["supersede"] =>
  (request) => {
    const { id, now, row, scope } = request
    return isUuid(id)
      ? store.supersede(request)
      : Effect.map(store.put({ scope, now, rows: [row] }), ([result]) => ({
          outcome: result?.outcome ?? "conflict",
          closed: false,
          ...(result === undefined || result.id === row.memory.id ? {} : { id: result.id })
        }))
  }

type Checked = <Request, A>(
  call: (request: Request) => Effect.Effect<A, MemoryError>
) => (request: Request) => Effect.Effect<A, MemoryError>

/** The readings that need no check of their own. */
const checkedPlainly = (store: Store, checked: Checked) => ({
  speakers: checked((request: Parameters<Store["speakers"]>[0]) => store.speakers(request)),
  lastTurn: checked((request: Parameters<Store["lastTurn"]>[0]) => store.lastTurn(request)),
  list: checked((request: Parameters<Store["list"]>[0]) => store.list(request)),
  listRows: checked((request: Parameters<Store["listRows"]>[0]) => store.listRows(request)),
  latest: checked((request: Parameters<Store["latest"]>[0]) => store.latest(request)),
  count: checked((request: Parameters<Store["count"]>[0]) => store.count(request)),
  usage: checked((request: Parameters<Store["usage"]>[0]) => store.usage(request)),
  sessions: checked((request: Parameters<Store["sessions"]>[0]) => store.sessions(request)),
  entries: checked((request: Parameters<Store["entries"]>[0]) => store.entries(request)),
  listEntries: checked((request: Parameters<Store["listEntries"]>[0]) => store.listEntries(request))
})

/**
 * Wraps a backend's store: calls are refused before the driver sees them, with `Closed` once `closedReason` returns
 * one, and with `InvalidInput` for a row whose id is no lower-case UUID and for a vector that does not fit the
 * fingerprint. Any other id that is no lower-case UUID names no row.
 */
export const checkedStore: {
  (store: Store, checks: StoreChecks): Store
  /** @deprecated Pass `{ fingerprint, closedReason }`. A bare fingerprint checks ids and vectors alone. */
  (store: Store, fingerprint: Fingerprint): Store
} = (store: Store, checks: StoreChecks | Fingerprint): Store => {
  const {
    closedReason,
    fingerprint,
    mode = WRITABLE
  }: StoreChecks = "fingerprint" in checks ? checks : { fingerprint: checks, closedReason: () => null }

  const checked =
    <Request, A>(
      call: (request: Request) => Effect.Effect<A, MemoryError>,
      findProblem: (request: Request) => MemoryError | null = () => null
    ) =>
    (request: Request): Effect.Effect<A, MemoryError> =>
      Effect.suspend(() => {
        const reason = closedReason()
        const problem = reason === null ? findProblem(request) : storeClosed(reason)
        return problem === null ? call(request) : Effect.fail(problem)
      })

  const writing = <Request, A>(
    call: (request: Request) => Effect.Effect<A, MemoryError>,
    findProblem: (request: Request) => MemoryError | null = () => null
  ) => checked(call, (request: Request) => (mode.readOnly ? openedReadOnly() : findProblem(request)))

  const findPartProblem = (parts: ReadonlyArray<QueryPart>) =>
    findVectorProblem(
      fingerprint,
      "parts.vector",
      parts.map(({ vector }) => vector)
    )
  const findRowProblem = (field: "row" | "rows", { memory, passages }: StoreRow) =>
    findIdProblem(ID_FIELDS[field], memory.id) ??
    findFirst(passages, ({ vector }) => findVectorProblem(fingerprint, VECTOR_FIELDS[field], [vector]))

  return {
    put: writing(
      (request) => store.put(request),
      ({ rows }) => findFirst(rows, (row) => findRowProblem("rows", row))
    ),
    supersede: writing(supersedeIn(store), ({ row }) => findRowProblem("row", row)),
    search: checked(
      (request: SearchRequest) => store.search(request),
      ({ parts }) => findPartProblem(parts)
    ),
    around: checked(
      (request: AroundRequest) => store.around(request),
      ({ parts }) => findPartProblem(parts)
    ),
    excerpts: checked(
      (request: ExcerptsRequest) =>
        store.excerpts({ ...request, rows: request.rows.filter(({ id }) => isUuid(id)) }),
      ({ part }) => (part === undefined ? null : findPartProblem([part]))
    ),
    get: checked((request) => store.get(withUuids(request))),
    touch: checked((request) => (mode.accessCounts ? store.touch(withUuids(request)) : Effect.void)),
    patch: writing((request: Parameters<Store["patch"]>[0]) =>
      isUuid(request.id) ? store.patch(request) : Effect.succeed(null)
    ),
    remove: writing((request: Parameters<Store["remove"]>[0]) =>
      store.remove(
        request.target._tag === "Ids" ? { ...request, target: withUuids(request.target) } : request
      )
    ),
    predecessors: checked((request) => store.predecessors(withUuids(request))),
    ...checkedPlainly(store, checked),
    append: writing((request) => store.append(request)),
    dropEntries: writing((request) => store.dropEntries(request))
  }
}
