/** Building a graph from the file: minutes of work for a large scope, done in a thread of its own. */
import { DatabaseSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { lastLocal, localOf, ridOf } from "../codec/memoryRow.ts"
import { bodyTable } from "../schema/schema.ts"
import { GraphFile, type GraphHeader } from "./GraphFile.ts"
import { GRAPH_CONSTRUCTION, GRAPH_LINKS, type HierarchicalNSW, type Hnswlib } from "./hnswlib.ts"

export interface BuildTask {
  readonly path: string
  readonly sid: number
  readonly generation: number
  readonly dimensions: number
}

/** `stale`: rows were removed meanwhile, so what was built has been thrown away. */
export type BuildResult = "built" | "stale" | "empty"

const BATCH = 512

const removedOf = (db: DatabaseSync, sid: number): number | null => {
  const removed = db.prepare("SELECT removed FROM scope WHERE sid = ?").get(sid)?.["removed"]
  return removed === undefined ? null : Number(removed)
}

/** The graph saved before, to be continued; a new one where there is none that is whole and holds nothing forgotten. */
const startingPoint = async (
  { HierarchicalNSW }: Hnswlib,
  file: GraphFile,
  { dimensions, generation }: BuildTask,
  removed: number
): Promise<{ readonly index: HierarchicalNSW; readonly through: number }> => {
  const header = await file.header()
  const index = new HierarchicalNSW("ip", dimensions)
  if (header !== null && continues(header, dimensions, generation, removed) && (await file.isWhole(header))) {
    index.readIndexSync(file.path)
    return { index, through: header.through }
  }
  index.initIndex(BATCH, GRAPH_LINKS, GRAPH_CONSTRUCTION)
  return { index, through: -1 }
}

/** Whether a saved graph can serve a scope in this state. */
export const continues = (
  header: GraphHeader,
  dimensions: number,
  generation: number,
  removed: number
): boolean =>
  header.dimensions === dimensions && header.generation === generation && header.removed === removed

/** Adds the rows after `through` in short reads, so that no checkpoint waits for it; the last row's number. */
const addRows = (db: DatabaseSync, index: HierarchicalNSW, task: BuildTask, through: number): number => {
  const rows = db.prepare(
    `SELECT rid, data FROM ${bodyTable(task.generation)} WHERE rid > ? AND rid <= ? ORDER BY rid LIMIT ${BATCH}`
  )
  let last = through
  for (;;) {
    const found = rows.all(ridOf(task.sid, last), ridOf(task.sid, lastLocal))
    if (found.length === 0) return last
    const missing = index.getCurrentCount() + found.length - index.getMaxElements()
    if (missing > 0) index.resizeIndex(Math.ceil(index.getMaxElements() * 1.5) + missing)
    for (const { data, rid } of found) {
      last = localOf(Number(rid))
      const vector = data instanceof Uint8Array ? new Body(data).vector : null
      if (vector !== null && isUsable(vector, task.dimensions)) index.addPoint(Array.from(vector), last)
    }
  }
}

/** hnswlib aborts on what is no number and takes NaN silently. */
const isUsable = (vector: Float32Array, dimensions: number): boolean =>
  vector.length === dimensions && vector.every(Number.isFinite)

export const buildGraph = async (hnswlib: Hnswlib, task: BuildTask): Promise<BuildResult> => {
  const db = new DatabaseSync(task.path, { readOnly: true, timeout: 5_000 })
  const file = new GraphFile(task.path, task.sid)
  try {
    const removed = removedOf(db, task.sid)
    if (removed === null) return "empty"
    const { index, through: before } = await startingPoint(hnswlib, file, task, removed)
    const through = addRows(db, index, task, before)
    const count = index.getCurrentCount()
    if (count === 0) return "empty"
    const { dimensions, generation } = task
    await file.replace((temporary) => index.writeIndexSync(temporary), {
      dimensions,
      generation,
      count,
      through,
      removed
    })
    index.initIndex(1)
    // Whoever removed rows before this point looked for the file too early to find it.
    if (removedOf(db, task.sid) === removed) return "built"
    await file.remove()
    return "stale"
  } finally {
    db.close()
  }
}
