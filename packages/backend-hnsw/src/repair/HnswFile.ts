import { encodePassages, type Fingerprint, MemoryError, NotFound } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { rm } from "node:fs/promises"
import { backup, DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { LAST_LOCAL, makeRid, sidFromRid } from "../codec/memoryRow.ts"
import { toMemoryError } from "../connection/errors.ts"
import { openConnection } from "../connection/openConnection.ts"
import { graphFolder } from "../graph/GraphFile.ts"
import { checkOptions } from "../options.ts"
import { hasLog } from "../schema/fileState.ts"
import { readGeneration } from "../schema/inspect.ts"
import { blockTable, bodyTable, longTable, owedTable } from "../schema/schema.ts"
import { MemoryTable } from "../tables/MemoryTable.ts"
import { beginChange } from "../tables/ScopeChange.ts"
import { ScopeTable } from "../tables/ScopeTable.ts"
import { SessionTable } from "../tables/SessionTable.ts"
import { countDamagedBlocks, type DamagedMemory, findDamage } from "./findDamage.ts"

/** What a repair did. */
export interface Repaired {
  /** Memories whose words were made again; vectors follow when a program has the store open. */
  readonly rebuilt: ReadonlyArray<DamagedMemory>
  /** Memories that were removed, since their text or other fields are damaged. */
  readonly lost: ReadonlyArray<DamagedMemory>
}

const assertExists = (path: string): Effect.Effect<void, MemoryError> =>
  existsSync(path)
    ? Effect.void
    : Effect.fail(
        new MemoryError({
          reason: new NotFound({ message: `There is no memory file at ${path}. Check the path.` })
        })
      )

const run = <A>(path: string, body: () => A): Effect.Effect<A, MemoryError> =>
  Effect.andThen(assertExists(path), Effect.try({ try: body, catch: (error) => toMemoryError(path, error) }))

/** Without creating a log or shared memory beside a file that has none. */
const openToRead = (path: string): DatabaseSync => {
  const url = pathToFileURL(path)
  if (!hasLog(path)) url.searchParams.set("immutable", "1")
  return new DatabaseSync(url, { readOnly: true })
}

/** Reads a file, which may be open elsewhere. @param empty of a file of the first version, which has no sums */
const readSummed = <A>(
  path: string,
  empty: A,
  read: (db: DatabaseSync, generation: number) => A
): Effect.Effect<A, MemoryError> =>
  run(path, () => {
    const db = openToRead(path)
    try {
      if (Number(Object.values(db.prepare("PRAGMA user_version").get() ?? {})[0]) < 2) return empty
      return read(db, readGeneration(db))
    } finally {
      db.close()
    }
  })

/** The damaged memories of a file. */
const inspect = (path: string): Effect.Effect<ReadonlyArray<DamagedMemory>, MemoryError> =>
  readSummed(path, [], findDamage)

/** How many blocks of a file's search index are damaged: memories serve instead, and a search's first load is slower. */
const inspectBlocks = (path: string): Effect.Effect<number, MemoryError> =>
  readSummed(path, 0, countDamagedBlocks)

const readFingerprint = (path: string): Effect.Effect<Fingerprint, MemoryError> =>
  run(path, () => {
    const db = openToRead(path)
    try {
      const value = db.prepare("SELECT value FROM meta WHERE key = 'fingerprint'").get()?.["value"]
      return JSON.parse(String(value)) as Fingerprint
    } finally {
      db.close()
    }
  })

/**
 * Builds indexes and words again, removes what is lost, and counts anew. One transaction: a kill leaves the file as it
 * was. Close the store in every process before.
 */
const repair = Effect.fnUntraced(function* (path: string): Effect.fn.Return<Repaired, MemoryError> {
  const fingerprint = yield* readFingerprint(path)
  const settings = yield* checkOptions({ path }, fingerprint.embedding?.dimensions ?? 0)
  const connection = yield* openConnection(settings, fingerprint)
  const { db, generation } = connection
  const attempt = <A>(body: () => A) =>
    Effect.try({ try: body, catch: (error) => toMemoryError(path, error) })
  const mend = Effect.gen(function* () {
    yield* attempt(() => db.exec("BEGIN IMMEDIATE"))
    yield* attempt(() => db.exec("REINDEX"))
    const damaged = yield* attempt(() => findDamage(db, generation))
    const rebuilt = damaged.filter(({ memory }) => memory !== null)
    const lost = damaged.filter(({ memory }) => memory === null)
    const texts = rebuilt.flatMap(({ memory }) => (memory === null ? [] : [memory.content]))
    const encoded = yield* encodePassages(null, fingerprint, texts, "owe")
    yield* attempt(() => {
      const scopes = new ScopeTable(connection)
      const memories = new MemoryTable(connection, new SessionTable(connection), fingerprint)
      const removeBodies = db.prepare(`DELETE FROM ${bodyTable(generation)} WHERE rid = ?`)
      for (const { rid } of lost) {
        memories.space.delete(rid)
        removeBodies.run(rid)
        db.prepare("DELETE FROM memory WHERE rid = ?").run(rid)
      }
      rebuilt.forEach(({ memory, rid }, i) => {
        const row = scopes.findBySid(sidFromRid(rid))
        const passages = encoded[i]
        if (memory === null || row === null || passages === undefined) return
        const change = beginChange(row)
        memories.remove(change, rid)
        memories.insert(change, { memory, passages: passages.passages, owed: fingerprint.embedding !== null })
        scopes.save(change)
      })
      for (const { sid } of db.prepare("SELECT sid FROM scope").all()) recount(db, Number(sid))
      db.exec(
        `DELETE FROM ${blockTable(generation)};` +
          `DELETE FROM ${owedTable(generation)} WHERE rid NOT IN (SELECT rid FROM memory);` +
          `DELETE FROM ${longTable(generation)} WHERE rid NOT IN (SELECT rid FROM memory); COMMIT`
      )
    })
    yield* attempt(() => connection.checkpointTruncate())
    yield* Effect.tryPromise({
      try: async () => rm(graphFolder(connection.realPath), { recursive: true, force: true }),
      catch: (error) => toMemoryError(path, error)
    })
    return { rebuilt, lost }
  })
  return yield* Effect.ensuring(
    mend,
    Effect.sync(() => {
      if (db.isTransaction) db.exec("ROLLBACK")
      connection.close("repaired")
    })
  )
})

/** A scope's counters after rows were lost; indexes of other processes read it anew. */
const recount = (db: DatabaseSync, sid: number): void => {
  db.prepare(
    "UPDATE scope SET rows = (SELECT count(*) FROM memory WHERE rid BETWEEN $first AND $last), bytes = NULL, " +
      "seq = seq + 1, removed = seq + 1, next = max(next, 1 + ifnull((SELECT max(rid) FROM memory WHERE rid BETWEEN $first AND $last), $first - 1) - $first) " +
      "WHERE sid = $sid"
  ).run({ first: makeRid(sid, 0), last: makeRid(sid, LAST_LOCAL), sid })
}

/** Copies a file as it is at one moment, while it is in use. @param out a file that exists already is overwritten */
const backUp = (path: string, out: string): Effect.Effect<void, MemoryError> =>
  Effect.andThen(
    assertExists(path),
    Effect.tryPromise({
      try: async () => {
        const db = new DatabaseSync(path, { readOnly: true })
        try {
          await backup(db, out)
        } finally {
          db.close()
        }
      },
      catch: (error) => toMemoryError(path, error)
    })
  )

/** An operator's calls on the file of an embedded store. */
export const HnswFile = { inspect, inspectBlocks, repair, backUp }
