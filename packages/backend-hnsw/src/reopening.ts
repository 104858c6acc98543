/** Read-only stores over a file without a log, which is read as one that never changes until it does. */
import type { MemoryError, MemoryStore, StoreAdmin } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Connection } from "./connection/Connection.ts"

type Store = MemoryStore["Service"]
type Admin = StoreAdmin["Service"]

export interface OpenedStore {
  readonly connection: Connection
  readonly store: Store
  readonly admin: Admin
}

/** Makes a call on the file as it is open now. */
type Forward = <A>(
  call: (opened: OpenedStore) => Effect.Effect<A, MemoryError>
) => Effect.Effect<A, MemoryError>

const forwardStore = (forward: Forward): Store => ({
  put: (request) => forward(({ store }) => store.put(request)),
  get: (request) => forward(({ store }) => store.get(request)),
  search: (request) => forward(({ store }) => store.search(request)),
  around: (request) => forward(({ store }) => store.around(request)),
  excerpts: (request) => forward(({ store }) => store.excerpts(request)),
  speakers: (request) => forward(({ store }) => store.speakers(request)),
  lastTurn: (request) => forward(({ store }) => store.lastTurn(request)),
  list: (request) => forward(({ store }) => store.list(request)),
  listRows: (request) => forward(({ store }) => store.listRows(request)),
  latest: (request) => forward(({ store }) => store.latest(request)),
  predecessors: (request) => forward(({ store }) => store.predecessors(request)),
  sessions: (request) => forward(({ store }) => store.sessions(request)),
  patch: (request) => forward(({ store }) => store.patch(request)),
  supersede: (request) => forward(({ store }) => store.supersede(request)),
  remove: (request) => forward(({ store }) => store.remove(request)),
  append: (request) => forward(({ store }) => store.append(request)),
  entries: (request) => forward(({ store }) => store.entries(request)),
  listEntries: (request) => forward(({ store }) => store.listEntries(request)),
  dropEntries: (request) => forward(({ store }) => store.dropEntries(request)),
  touch: (request) => forward(({ store }) => store.touch(request)),
  count: (request) => forward(({ store }) => store.count(request)),
  usage: (request) => forward(({ store }) => store.usage(request))
})

/** Opens the file again when another process has written to it; a call during which that happened is made again. */
export const reopenWhenOutdated = (
  first: OpenedStore,
  open: Effect.Effect<OpenedStore, MemoryError>
): Pick<OpenedStore, "store" | "admin"> => {
  const lock = Semaphore.makeUnsafe(1)
  let current = first
  let closed = false

  const isOutdated = (opened: OpenedStore): boolean => !closed && opened.connection.outdated

  const refresh = Effect.suspend(() => {
    if (!isOutdated(current)) return Effect.void
    const { admin } = current
    return Effect.andThen(
      Effect.map(open, (opened) => {
        current = opened
      }),
      admin.close
    )
  }).pipe(lock.withPermits(1))

  const forward: Forward = (call) =>
    Effect.andThen(
      refresh,
      Effect.suspend(() => {
        const opened = current
        return Effect.flatMap(Effect.exit(call(opened)), (exit) =>
          isOutdated(opened) ? forward(call) : exit
        )
      })
    )

  return {
    store: forwardStore(forward),
    admin: {
      backend: first.admin.backend,
      mode: first.admin.mode,
      cache: forward(({ admin }) => admin.cache),
      fingerprint: forward(({ admin }) => admin.fingerprint),
      expire: (request) => forward(({ admin }) => admin.expire(request)),
      scopes: (request) => forward(({ admin }) => admin.scopes(request)),
      eraseUser: (request) => forward(({ admin }) => admin.eraseUser(request)),
      owed: (request) => forward(({ admin }) => admin.owed(request)),
      payOwed: (rows) => forward(({ admin }) => admin.payOwed(rows)),
      calibrate: (measured) => forward(({ admin }) => admin.calibrate?.(measured) ?? admin.fingerprint),
      stage: (next) => forward(({ admin }) => admin.stage(next)),
      unstaged: (request) => forward(({ admin }) => admin.unstaged(request)),
      fillStage: (rows) => forward(({ admin }) => admin.fillStage(rows)),
      commitStage: forward(({ admin }) => admin.commitStage),
      dropStage: forward(({ admin }) => admin.dropStage),
      close: Effect.suspend(() => {
        closed = true
        return current.admin.close
      })
    }
  }
}
