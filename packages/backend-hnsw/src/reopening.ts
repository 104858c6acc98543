/** Read-only stores over a file without a log, which is read as one that never changes until it does. */
import type { MemoryError, MemoryStore, StoreAdmin } from "@keepsake/core/driver"
import { Effect, Semaphore } from "effect"
import type { Connection } from "./connection/Connection.ts"

type Store = MemoryStore["Service"]
type Admin = StoreAdmin["Service"]

export interface OpenedStore {
  readonly connection: Connection
  readonly store: Store
  readonly admin: Admin
}

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

  const read = <A>(
    call: (opened: OpenedStore) => Effect.Effect<A, MemoryError>
  ): Effect.Effect<A, MemoryError> =>
    Effect.andThen(
      refresh,
      Effect.suspend(() => {
        const opened = current
        return Effect.flatMap(Effect.exit(call(opened)), (exit) => (isOutdated(opened) ? read(call) : exit))
      })
    )

  const forward = (name: string) => (request: never) =>
    read(({ store }) => (store[name as keyof Store] as (request: never) => ReturnType<Store["get"]>)(request))

  return {
    store: Object.fromEntries(
      Object.keys(first.store).map((name) => [name, forward(name)])
    ) as unknown as Store,
    // Of the others each is refused, or says what the file was opened for.
    admin: {
      ...first.admin,
      scopes: (request) => read(({ admin }) => admin.scopes(request)),
      unstaged: (request) => read(({ admin }) => admin.unstaged(request)),
      close: Effect.suspend(() => {
        closed = true
        return current.admin.close
      })
    }
  }
}
