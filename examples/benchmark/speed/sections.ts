import type { Row } from "./Row.ts"
import type { Settings } from "./Settings.ts"

interface Section {
  readonly rows: (settings: Settings) => Promise<ReadonlyArray<Row>>
}

/** The sections that `--only` can name, in the order of the table. Each is loaded and run in a separate process. */
export const SECTIONS: { readonly [name: string]: () => Promise<Section> } = {
  mem0: () => import("./recallAgainstMem0.ts"),
  peers: () => import("./peers.ts"),
  cold: () => import("./cold.ts"),
  channel: () => import("./channel.ts"),
  million: () => import("./million.ts"),
  remember: () => import("./remember.ts"),
  pgvector: async () => {
    const { MILLION, rows } = await import("./pgvector.ts")
    return { rows: ({ million, quick }) => rows(quick ? { memories: 2_000 } : million ? MILLION : undefined) }
  },
  qdrant: () => import("./qdrant.ts"),
  processes: () => import("./processes.ts"),
  agent: () => import("./agent.ts"),
  growth: () => import("./growth.ts"),
  reads: () => import("./reads.ts"),
  install: () => import("./installation.ts"),
  overhead: () => import("./overhead.ts"),
  eventloop: () => import("./eventLoop.ts")
}
