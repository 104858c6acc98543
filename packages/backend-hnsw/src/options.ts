import {
  invalidInput,
  type MemoryError,
  readMode,
  type StoreMode,
  type StoreOptions
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { resolve } from "node:path"

/** Where the file is, and how much memory it may use. */
export interface HnswOptions extends StoreOptions {
  /** The file; created with its folder if it does not exist. SQLite keeps `-wal` and `-shm` beside it. */
  readonly path: string
  /** Bytes for the search structures of recently used scopes; 256 MiB by default. A larger scope is served alone. */
  readonly cacheBytes?: number | undefined
  /**
   * `full` (the default) waits for the disk at every write: an acknowledged write survives a power loss. `normal`
   * leaves flushing to the operating system: a killed process loses nothing, a power loss may lose the latest writes.
   */
  readonly synchronous?: "full" | "normal" | undefined
  /**
   * Rows from which a scope is searched through a graph, if the optional peer hnswlib-node is installed. The search is
   * then approximate; how much it finds depends on the data. The default is 40 million / dimensions; `Infinity` turns
   * graphs off. Graphs use up to half of `cacheBytes`; a graph that alone exceeds that is not used.
   */
  readonly graphFromRows?: number | undefined
}

const CACHE_BYTES = 256 * 2 ** 20
/** Rows × dimensions. Below, the exact scan is about as fast (20,000 × 384: 0.8 ms) and misses nothing. */
const GRAPH_FROM_NUMBERS = 40_000_000

export interface HnswSettings {
  readonly path: string
  readonly cacheBytes: number
  readonly synchronous: "full" | "normal"
  readonly graphFromRows: number
  readonly mode: StoreMode
}

const findProblem = ({ cacheBytes, graphFromRows, path }: HnswOptions): MemoryError | null => {
  if (path === "" || path === ":memory:" || path.includes("\u0000")) {
    return invalidInput(
      "path",
      "name a file; for a store that is not kept, use InMemoryStore of @keepsake/core"
    )
  }
  if (cacheBytes !== undefined && !(Number.isSafeInteger(cacheBytes) && cacheBytes >= 0)) {
    return invalidInput("cacheBytes", "a whole number of bytes, 0 or more")
  }
  if (graphFromRows !== undefined && !(graphFromRows >= 1)) {
    return invalidInput("graphFromRows", "a number of rows, 1 or more; Infinity for no graphs")
  }
  return null
}

/** The options with their defaults; fails with `InvalidInput` for one that cannot be used. */
export const checkOptions = (
  options: HnswOptions,
  dimensions: number
): Effect.Effect<HnswSettings, MemoryError> => {
  const problem = findProblem(options)
  if (problem !== null) return Effect.fail(problem)
  return Effect.succeed({
    // Later opens, by threads and for graphs, must not follow a change of the working folder.
    path: resolve(options.path),
    cacheBytes: options.cacheBytes ?? CACHE_BYTES,
    synchronous: options.synchronous ?? "full",
    graphFromRows: options.graphFromRows ?? Math.ceil(GRAPH_FROM_NUMBERS / Math.max(1, dimensions)),
    mode: readMode(options)
  })
}
