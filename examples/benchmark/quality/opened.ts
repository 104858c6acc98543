import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { type EmbedderProvider, type KeepsakeConfig, type MemoryClient, openMemory } from "@keepsake/keepsake"
import * as Effect from "effect/Effect"
import { parseRerankerSpec } from "../../../packages/keepsake/src/config/parseRerankerSpec.ts"
import { startPostgres } from "../../../scripts/postgres.ts"
import { startQdrant } from "../../../scripts/qdrant.ts"
import { withFolder } from "../speed/folder.ts"
import type { Backend } from "./Settings.ts"

type Embedder = string | EmbedderProvider | null

type Use<A> = (store: KeepsakeConfig["store"]) => Promise<A>

/** Uses the server of `KEEPSAKE_PG_URL`, else starts a private one. */
const onPostgres = async <A>(use: Use<A>): Promise<A> => {
  const schema = `keepsake_bench_${randomUUID().slice(0, 8)}`
  const url = process.env["KEEPSAKE_PG_URL"]
  if (url !== undefined && url !== "") return use({ backend: "pgvector", url, schema })
  const server = await startPostgres()
  try {
    return await use({ backend: "pgvector", url: server.url, schema })
  } finally {
    await server.stop()
  }
}

/** Uses the server of `KEEPSAKE_QDRANT_URL`, else starts the tests' stand-in. */
const onQdrant = async <A>(use: Use<A>): Promise<A> => {
  const { description, stop, url } = await startQdrant()
  console.error(`Qdrant: ${description}`)
  try {
    return await use({ backend: "qdrant", url, collection: `keepsake_bench_${randomUUID().slice(0, 8)}` })
  } finally {
    await stop()
  }
}

const onStore: { readonly [backend in Backend]: <A>(use: Use<A>) => Promise<A> } = {
  memory: async (use) => use("memory:"),
  hnsw: async (use) =>
    withFolder(async (folder) => use({ backend: "hnsw", path: join(folder, "memory.db") })),
  pgvector: onPostgres,
  qdrant: onQdrant
}

/** A judge has all the time that it takes: what it finds is measured, however slow this machine is. */
const judgedBy = async (spec: string | null): Promise<Pick<KeepsakeConfig, "reranker" | "deadlineMs">> => {
  const reranker = spec === null ? null : await Effect.runPromise(parseRerankerSpec(spec))
  return reranker === null
    ? {}
    : { reranker: { ...reranker, timeoutMs: 600_000 }, deadlineMs: 2 * 600_000 + 30_000 }
}

/** Runs `use` with an empty memory on a backend, opened through the public API. */
export const withMemory = async <A>(
  backend: Backend,
  embedder: Embedder,
  use: (memory: MemoryClient) => Promise<A>,
  reranker: string | null = null
): Promise<A> =>
  onStore[backend](async (store) => {
    const judged = await judgedBy(reranker)
    await using memory = await openMemory({ store, embedder: embedder ?? "none", ...judged })
    return await use(memory)
  })
