/** Counts what a store hands out. */
import type { MemoryStore } from "@keepsake/core/driver"
import { Effect } from "effect"

type Store = MemoryStore["Service"]

/** Bytes of a value: texts as UTF-8, numbers as eight, typed arrays as they are. */
export const sizeOf = (value: unknown): number => {
  if (typeof value === "string") return Buffer.byteLength(value)
  if (typeof value === "number") return 8
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (typeof value !== "object" || value === null) return 1
  return Object.values(value).reduce<number>((sum, part) => sum + sizeOf(part), 0)
}

/** Bytes handed out by each method that a recall calls. */
export type HandedOut = Record<"search" | "around" | "excerpts" | "get" | "latest", number>

/** The store, and what it has handed out since. */
export const countBytes = (store: Store): { readonly store: Store; readonly handedOut: HandedOut } => {
  const handedOut: HandedOut = { search: 0, around: 0, excerpts: 0, get: 0, latest: 0 }
  const counted =
    <Request, A, E>(method: keyof HandedOut, call: (request: Request) => Effect.Effect<A, E>) =>
    (request: Request): Effect.Effect<A, E> =>
      Effect.map(call(request), (answer) => {
        handedOut[method] += sizeOf(answer)
        return answer
      })
  return {
    handedOut,
    store: {
      ...store,
      search: counted("search", (request: Parameters<Store["search"]>[0]) => store.search(request)),
      around: counted("around", (request: Parameters<Store["around"]>[0]) => store.around(request)),
      excerpts: counted("excerpts", (request: Parameters<Store["excerpts"]>[0]) => store.excerpts(request)),
      get: counted("get", (request: Parameters<Store["get"]>[0]) => store.get(request)),
      latest: counted("latest", (request: Parameters<Store["latest"]>[0]) => store.latest(request))
    }
  }
}
