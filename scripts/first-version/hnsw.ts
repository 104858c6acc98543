import { HnswStore } from "@keepsake/backend-hnsw"
import { Effect } from "effect"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loadHnswlib } from "../../../packages/backend-hnsw/src/graph/hnswlib.ts"
import { makeLayer } from "../../../packages/backend-hnsw/src/HnswStore.ts"
import { ANA, NOW } from "./contents.ts"
import { FIXTURE_DIMENSIONS } from "./embedder.ts"
import { type Kind, type Place, withStore } from "./Place.ts"
import { saveCompressed } from "./save.ts"

/** Only the largest scope has this many. */
const GRAPH_FROM_ROWS = 50

/** Searches, which builds the graph of the scope and saves it beside the file. */
const buildGraph = async (path: string, place: Place): Promise<void> => {
  if ((await loadHnswlib()) === null) throw new Error("hnswlib-node is not compiled")
  const layer = makeLayer({ path, graphFromRows: GRAPH_FROM_ROWS }, true)
  const vector = Float32Array.from({ length: FIXTURE_DIMENSIONS }, () => 1 / Math.sqrt(FIXTURE_DIMENSIONS))
  // Keeps the process running: the worker that builds the graph does not.
  const keepAlive = setInterval(() => {}, 1_000)
  await withStore({ ...place, layer }, "vectors", ({ store }) =>
    Effect.runPromise(store.search({ scope: ANA, now: NOW, filter: {}, limit: 10, vector }))
  )
  clearInterval(keepAlive)
}

export const hnswPlace = (kind: Kind): Promise<Place> => {
  const folder = mkdtempSync(join(tmpdir(), "keepsake-fixture-"))
  const path = join(folder, "memory.db")
  const place: Place = {
    layer: HnswStore.layer({ path }),
    save: async (target) => {
      if (kind === "vectors") await buildGraph(path, place)
      if (existsSync(`${path}-wal`)) throw new Error("The log was not moved into the file")
      saveCompressed(join(target, "memory.db"), readFileSync(path))
      if (kind !== "vectors") return
      for (const name of readdirSync(`${path}-graphs`)) {
        saveCompressed(join(target, "memory.db-graphs", name), readFileSync(join(`${path}-graphs`, name)))
      }
    },
    end: async () => rmSync(folder, { recursive: true })
  }
  return Promise.resolve(place)
}
