/** Builds a graph from the file: a large scope takes minutes. */
import { DatabaseSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { DamagedRow } from "../codec/checksum.ts"
import { LAST_LOCAL, localFromRid, makeRid } from "../codec/memoryRow.ts"
import { readIdentity } from "../schema/fileState.ts"
import { bodyTable } from "../schema/schema.ts"
import { GraphFile, type GraphHeader } from "./GraphFile.ts"
import { GRAPH_CONSTRUCTION, GRAPH_LINKS, type HierarchicalNSW, type Hnswlib } from "./hnswlib.ts"

export interface BuildTask {
  readonly path: string
  /** Device and inode of the store's file. */
  readonly identity: string | null
  readonly sid: number
  readonly generation: number
  /** The generation under which the vectors were written. */
  readonly space: number
  readonly dimensions: number
}

/** `stale`: rows were removed during the build, so its result was discarded. */
export type BuildResult = "built" | "stale" | "empty"

const BATCH = 512

/** The scope's counter `removed`; null if the scope is gone. */
const readRemoved = (db: DatabaseSync, sid: number): number | null => {
  const removed = db.prepare("SELECT removed FROM scope WHERE sid = ?").get(sid)?.["removed"]
  return removed === undefined ? null : Number(removed)
}

/** Whether a saved graph can serve a scope in this state, or be extended for it. */
export const matchesScope = (
  header: GraphHeader,
  dimensions: number,
  space: number,
  removed: number
): boolean => header.dimensions === dimensions && header.generation === space && header.removed === removed

/** The saved graph, to be extended; a new one if there is none that is intact and without removed rows. */
const loadOrCreate = async (
  { HierarchicalNSW }: Hnswlib,
  file: GraphFile,
  { dimensions, space }: BuildTask,
  removed: number
): Promise<{ readonly index: HierarchicalNSW; readonly added: ReadonlySet<number> }> => {
  const header = await file.readHeader()
  const index = new HierarchicalNSW("ip", dimensions)
  const usable = header !== null && matchesScope(header, dimensions, space, removed)
  if (usable && (await file.isIntact(header))) {
    index.readIndexSync(file.path)
    return { index, added: new Set(index.getIdsList()) }
  }
  index.initIndex(BATCH, GRAPH_LINKS, GRAPH_CONSTRUCTION)
  return { index, added: new Set() }
}

/** Null for a passage without one, and for one that is damaged: a search through the tables finds that. */
const readVector = (data: Uint8Array, rid: number): Float32Array | null => {
  try {
    return new Body(data, rid).vector
  } catch (error) {
    if (error instanceof DamagedRow) return null
    throw error
  }
}

/** hnswlib aborts on other lengths and accepts NaN silently. */
const isUsable = (vector: Float32Array, dimensions: number): boolean =>
  vector.length === dimensions && vector.every(Number.isFinite)

/** Awaited between two rows, while no statement is open; undefined goes on at once. */
export type Pause = () => Promise<void> | undefined

/**
 * Adds the passages that are not there: new ones, and those whose vectors came late. Returns the last number. Short
 * reads, so that checkpoints need not wait.
 */
const addRows = async (
  db: DatabaseSync,
  index: HierarchicalNSW,
  task: BuildTask,
  added: ReadonlySet<number>,
  pause: Pause
): Promise<number> => {
  const select = db.prepare(
    `SELECT rid, data FROM ${bodyTable(task.generation)} WHERE rid > ? AND rid <= ? ORDER BY rid LIMIT ${BATCH}`
  )
  let last = -1
  for (;;) {
    const rows = select.all(makeRid(task.sid, last), makeRid(task.sid, LAST_LOCAL))
    if (rows.length === 0) return last
    const missing = index.getCurrentCount() + rows.length - index.getMaxElements()
    if (missing > 0) index.resizeIndex(Math.ceil(index.getMaxElements() * 1.5) + missing)
    for (const { data, rid } of rows) {
      last = localFromRid(Number(rid))
      if (added.has(last)) continue
      const vector = data instanceof Uint8Array ? readVector(data, Number(rid)) : null
      if (vector !== null && isUsable(vector, task.dimensions)) index.addPoint(Array.from(vector), last)
      await pause()
    }
  }
}

/** @param pause lets the event loop run where it serves others; a thread of its own needs none */
export const buildGraph = async (
  hnswlib: Hnswlib,
  task: BuildTask,
  pause: Pause = () => undefined
): Promise<BuildResult> => {
  const { dimensions, path, sid, space } = task
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  const file = new GraphFile(path, sid)
  try {
    // Another file took the name.
    if (readIdentity(path) !== task.identity) return "empty"
    const removed = readRemoved(db, sid)
    if (removed === null) return "empty"
    const start = await loadOrCreate(hnswlib, file, task, removed)
    const { index } = start
    const through = await addRows(db, index, task, start.added, pause)
    const count = index.getCurrentCount()
    if (count === 0) return "empty"
    const header = { dimensions, generation: space, count, through, removed }
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
