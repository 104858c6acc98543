import { existsSync } from "node:fs"
import { mkdir, rename } from "node:fs/promises"
import { join } from "node:path"
import { DIMENSIONS, makeVector } from "../data.ts"
import { cacheFolder } from "../paths.ts"

type HnswlibNode = typeof import("hnswlib-node")
export type Graph = InstanceType<HnswlibNode["HierarchicalNSW"]>

const M = 16
const EF_CONSTRUCTION = 100

export const NO_ADDON =
  "hnswlib-node is not compiled; run `node scripts/build-hnswlib.ts` (needs g++, make and python3)"

/** The compiled addon; `null` if it was not compiled. */
export const loadHnswlib = async (): Promise<HnswlibNode | null> => {
  try {
    return (await import("hnswlib-node")).default
  } catch {
    return null
  }
}

/** A plain hnswlib graph over all memories of the users. Saved and read again, because building takes minutes. */
export const bareGraph = async (
  { HierarchicalNSW }: HnswlibNode,
  name: string,
  users: ReadonlyArray<number>
): Promise<Graph> => {
  const file = join(cacheFolder, "speed", "graphs", `${name}.hnsw`)
  const count = users.reduce((a, b) => a + b, 0)
  const graph = new HierarchicalNSW("ip", DIMENSIONS)
  if (existsSync(file)) {
    graph.readIndexSync(file)
    if (graph.getCurrentCount() === count) return graph
  }
  const built = new HierarchicalNSW("ip", DIMENSIONS)
  built.initIndex(count, M, EF_CONSTRUCTION)
  let label = 0
  for (let user = 0; user < users.length; user++) {
    for (let index = 0; index < (users[user] ?? 0); index++) {
      built.addPoint(Array.from(makeVector({ user, index })), label++)
    }
  }
  await mkdir(join(cacheFolder, "speed", "graphs"), { recursive: true })
  built.writeIndexSync(`${file}.new`)
  await rename(`${file}.new`, file)
  return built
}
