/** Builds a graph from the file: a large scope takes minutes. */
import { DatabaseSync } from "node:sqlite"
import { LAST_LOCAL } from "../codec/memoryRow.ts"
import { readIdentity } from "../schema/fileState.ts"
import { digestVectors, VectorDigest } from "./digestVectors.ts"
import { GraphFile, type GraphHeader, type GraphSource, matchesScope } from "./GraphFile.ts"
import { GRAPH_CONSTRUCTION, GRAPH_LINKS, type HierarchicalNSW, type Hnswlib } from "./hnswlib.ts"
import { type Pause, readPassages } from "./readPassages.ts"

export interface BuildTask extends GraphSource {
  readonly path: string
  /** Device and inode of the store's file. */
  readonly identity: string | null
  readonly sid: number
  readonly generation: number
}

/** `stale`: rows were removed during the build, so its result was discarded. */
export type BuildResult = "built" | "stale" | "empty"

/** Elements that a new graph has room for. */
const FIRST_SIZE = 512

/** The scope's counter `removed`; null if the scope is gone. */
const readRemoved = (db: DatabaseSync, sid: number): number | null => {
  const removed = db.prepare("SELECT removed FROM scope WHERE sid = ?").get(sid)?.["removed"]
  return removed === undefined ? null : Number(removed)
}

/** A graph that is being built. */
interface Started {
  readonly index: HierarchicalNSW
  /** Numbers of the passages that it has. */
  readonly added: ReadonlySet<number>
}

/** Null unless the saved graph is intact and has vectors of this state of the file alone. */
const loadSaved = async (
  { HierarchicalNSW }: Hnswlib,
  { db, file, removed }: { readonly db: DatabaseSync; readonly file: GraphFile; readonly removed: number },
  task: BuildTask,
  pause: Pause
): Promise<Started | null> => {
  const header = await file.readHeader()
  if (header === null || !matchesScope(header, task, removed) || !(await file.isIntact(header))) return null
  const index = new HierarchicalNSW("ip", task.dimensions)
  index.readIndexSync(file.path)
  const locals = index.getIdsList()
  if ((await digestVectors(db, task, locals, pause)) === header.vectors)
    return { index, added: new Set(locals) }
  index.initIndex(1)
  return null
}

const create = ({ HierarchicalNSW }: Hnswlib, { dimensions }: BuildTask): Started => {
  const index = new HierarchicalNSW("ip", dimensions)
  index.initIndex(FIRST_SIZE, GRAPH_LINKS, GRAPH_CONSTRUCTION)
  return { index, added: new Set() }
}

/** The vector as hnswlib takes it, which aborts on other lengths and accepts NaN silently; null for one of those. */
const toPoint = (vector: Uint8Array, dimensions: number): Array<number> | null => {
  if (vector.length !== dimensions * Float32Array.BYTES_PER_ELEMENT) return null
  const point = Array.from(new Float32Array(new Uint8Array(vector).buffer))
  return point.every(Number.isFinite) ? point : null
}

/** Adds the passages that are not there: new ones, and those whose vectors came late. */
const addRows = async (
  db: DatabaseSync,
  { added, index }: Started,
  task: BuildTask,
  pause: Pause
): Promise<Pick<GraphHeader, "through" | "vectors">> => {
  const digest = new VectorDigest()
  let through = -1
  for (const passages of readPassages(db, task, LAST_LOCAL)) {
    const missing = index.getCurrentCount() + passages.length - index.getMaxElements()
    if (missing > 0) index.resizeIndex(Math.ceil(index.getMaxElements() * 1.5) + missing)
    for (const passage of passages) {
      through = passage.local
      const point = toPoint(passage.vector, task.dimensions)
      if (point === null) continue
      digest.add(passage)
      if (added.has(through)) continue
      index.addPoint(point, through)
      await pause()
    }
  }
  return { through, vectors: digest.toHex() }
}

/** @param pause lets the event loop run where it serves others; a thread of its own needs none */
export const buildGraph = async (
  hnswlib: Hnswlib,
  task: BuildTask,
  pause: Pause = () => undefined
): Promise<BuildResult> => {
  const { dimensions, path, sid, space, store } = task
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  const file = new GraphFile(path, sid)
  try {
    // Another file took the name.
    if (readIdentity(path) !== task.identity) return "empty"
    const removed = readRemoved(db, sid)
    if (removed === null) return "empty"
    const started = (await loadSaved(hnswlib, { db, file, removed }, task, pause)) ?? create(hnswlib, task)
    const { index } = started
    const added = await addRows(db, started, task, pause)
    const count = index.getCurrentCount()
    if (count === 0) return "empty"
    const header = { store, dimensions, generation: space, count, ...added, removed }
    try {
      await file.replace((temporary) => index.writeIndexSync(temporary), header)
    } catch (error) {
      // A removal has deleted what was half written.
      if (readRemoved(db, sid) !== removed) return "stale"
      throw error
    }
    index.initIndex(1)
    // A removal before this point looked for the file too early to delete it.
    if (readRemoved(db, sid) === removed) return "built"
    await file.remove()
    return "stale"
  } finally {
    db.close()
  }
}
