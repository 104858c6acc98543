import type { ServerData } from "./ServerData.ts"

/** A request that found its route. */
export interface Call {
  readonly data: ServerData
  /** The path's segments at the places of `*`. */
  readonly names: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly body: unknown
  /** Called before each operation of a batch except the first; may throw to interrupt the batch. */
  readonly beforeNextOperation: () => void
}
