/** Entries: what an agent keeps about a session. */
import { randomUUID } from "node:crypto"
import {
  compareTexts,
  cutPage,
  type DropEntriesRequest,
  type EntriesRequest,
  type Entry,
  type EntryKey,
  type EntryPage,
  entryConflict,
  type ListEntriesRequest,
  MemoryError,
  type MemoryStore,
  type Scope,
  toEntryBytes,
  toEntryKey,
  Unavailable
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import {
  decodeEntry,
  digestContent,
  encodeEntry,
  ENTRIES,
  entryId,
  type EntryInput
} from "../codec/entries.ts"
import { all, between, hasId, inScope, is, must, toFilter } from "../codec/filter.ts"
import { facetAll } from "../connection/facetAll.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type Growth, withinLimits } from "./limits.ts"
import type { Serving } from "./Serving.ts"

/** An entry as it is in the collection. */
interface StoredEntry {
  readonly digest: unknown
  /** The append that may still take it back; `null` once it is kept. */
  readonly batch: string | null
}

/** One call of `append`. */
interface Append {
  readonly sessions: PointsApi
  readonly scope: Scope
  readonly now: number
  readonly entries: ReadonlyMap<string, EntryInput>
  /** A single entry is kept as soon as it is inserted. */
  readonly batch: string | null
}

const readStored = Effect.fnUntraced(function* ({ entries, scope, sessions }: Append) {
  const ids = Array.from(entries.keys())
  const { points } = yield* sessions.lookUp({
    filter: toFilter(all(inScope(scope), must(hasId(ids)))),
    limit: ids.length,
    with_payload: ["digest", "batch"]
  })
  return new Map(
    points.map(({ id, payload }): [string, StoredEntry] => [
      String(id),
      { digest: payload?.["digest"], batch: (payload?.["batch"] ?? null) as string | null }
    ])
  )
})

type Stored = ReadonlyMap<string, StoredEntry>

/** The first entry whose number another writer took. */
const findTaken = ({ entries }: Append, stored: Stored): EntryInput | undefined => {
  for (const [id, entry] of entries) {
    const known = stored.get(id)
    if (known !== undefined && known.digest !== digestContent(entry.content)) return entry
  }
  return undefined
}

const insertMissing = ({ batch, entries, now, scope, sessions }: Append) =>
  sessions.update("append", [
    {
      upsert: {
        points: Array.from(entries.values(), (entry) => encodeEntry(scope, entry, now, batch)),
        update_mode: "insert_only"
      }
    }
  ])

const takeBack = ({ batch, entries, scope, sessions }: Append) =>
  batch === null
    ? Effect.void
    : sessions.update("take back", [
        {
          delete: {
            filter: toFilter(all(inScope(scope), must(is("batch", batch), hasId(Array.from(entries.keys())))))
          }
        }
      ])

/** From now on no append takes these entries back. */
const keep = ({ entries, scope, sessions }: Append) =>
  sessions.update("keep entries", [
    {
      set_payload: {
        payload: { batch: null },
        filter: toFilter(all(inScope(scope), must(hasId(Array.from(entries.keys())))))
      }
    }
  ])

const ATTEMPTS = 4

const unsettled = () =>
  new MemoryError({
    reason: new Unavailable({
      message: "Other writers appended to this session and took their entries back meanwhile. Try again."
    })
  })

/**
 * Inserts what is missing, reads back who was first, and takes the whole batch back if another writer was. Takes the
 * mark off an entry that another append inserted, and inserts the entry again if that append took it back before.
 */
const insertAndSettle = (append: Append, attempts = ATTEMPTS): Effect.Effect<void, MemoryError> =>
  Effect.gen(function* () {
    if (attempts === 0) return yield* unsettled()
    yield* insertMissing(append)
    const stored = yield* readStored(append)
    const taken = findTaken(append, stored)
    if (taken !== undefined) {
      yield* takeBack(append)
      return yield* entryConflict(taken)
    }
    const batches = Array.from(stored.values(), ({ batch }) => batch)
    if (batches.every((batch) => batch === null)) return
    yield* keep(append)
    if (batches.every((batch) => batch === null || batch === append.batch)) return
    const kept = yield* readStored(append)
    if (kept.size < append.entries.size) yield* insertAndSettle(append, attempts - 1)
  })

/** What an append adds to its scope; `Conflict` where a number is there with other content. */
const planAppend = Effect.fnUntraced(function* (append: Append) {
  const stored = yield* readStored(append)
  const taken = findTaken(append, stored)
  if (taken !== undefined) return yield* entryConflict(taken)
  const added = Array.from(append.entries).filter(([id]) => !stored.has(id))
  const bytes = added.reduce((sum, [, entry]) => sum + toEntryBytes(entry), 0)
  return { ids: [], memories: 0, bytes }
})

const NO_GROWTH: Growth = { ids: [], memories: 0, bytes: 0 }

export const append = Effect.fnUntraced(function* (
  serving: Serving,
  request: Parameters<MemoryStore["Service"]["append"]>[0]
): Effect.fn.Return<void, MemoryError> {
  const { entries, limits, now, scope } = request
  if (entries.length === 0) return
  const append: Append = {
    sessions: serving.sessions,
    scope,
    now,
    entries: new Map(entries.map((entry) => [entryId(scope, entry), entry])),
    batch: entries.length === 1 ? null : randomUUID()
  }
  const readsFirst = append.batch !== null || limits !== undefined
  const plan = readsFirst ? planAppend(append) : Effect.succeed(NO_GROWTH)
  yield* withinLimits(
    serving,
    request,
    Effect.map(plan, (growth) => ({ growth, write: Effect.uninterruptible(insertAndSettle(append)) }))
  )
})

const inSession = (scope: Scope, sessionId: string) =>
  all(inScope(scope), ENTRIES, must(is("sessionId", sessionId)))

export const entries = Effect.fnUntraced(function* (
  sessions: PointsApi,
  { after, kind, limit, newestFirst, scope, sessionId }: EntriesRequest
): Effect.fn.Return<ReadonlyArray<Entry>, MemoryError> {
  const beyond = newestFirst === true ? { lt: after ?? 0 } : { gt: after ?? 0 }
  const conditions = all(
    inSession(scope, sessionId),
    must(is("kind", kind), ...(after === undefined ? [] : [between("number", beyond)]))
  )
  const { points } = yield* sessions.scroll({
    filter: toFilter(conditions),
    order_by: { key: "number", direction: newestFirst === true ? "desc" : "asc" },
    limit,
    with_payload: true
  })
  return points.map(decodeEntry)
})

const sortedValues = (hits: ReadonlyArray<{ readonly value: unknown }>): ReadonlyArray<string> =>
  Array.from(new Set(hits.map(({ value }) => String(value)))).sort(compareTexts)

/** Kinds of one session. */
const KINDS_MAX = 1_000

export const listEntries = Effect.fnUntraced(function* (
  sessions: PointsApi,
  { after, limit, scope }: ListEntriesRequest
): Effect.fn.Return<EntryPage, MemoryError> {
  const found: Array<Entry> = []
  const names = yield* facetAll(sessions, {
    key: "sessionId",
    hashKey: "sessionHash",
    conditions: all(inScope(scope), ENTRIES)
  })
  for (const sessionId of sortedValues(names)) {
    if (found.length > limit) break
    if (after !== undefined && compareTexts(sessionId, after.sessionId) < 0) continue
    const cursor = sessionId === after?.sessionId ? after : undefined
    found.push(...(yield* entriesOfSession(sessions, scope, sessionId, cursor, limit + 1 - found.length)))
  }
  const { next, page } = cutPage(found, limit, toEntryKey)
  return { entries: page, next }
})

/** Up to `limit` entries of a session, by kind and number. */
const entriesOfSession = Effect.fnUntraced(function* (
  sessions: PointsApi,
  scope: Scope,
  sessionId: string,
  after: EntryKey | undefined,
  limit: number
) {
  const found: Array<Entry> = []
  const kinds = yield* sessions.facet("kind", inSession(scope, sessionId), KINDS_MAX)
  for (const kind of sortedValues(kinds)) {
    if (found.length >= limit) break
    if (after !== undefined && compareTexts(kind, after.kind) < 0) continue
    const number = kind === after?.kind ? after.number : undefined
    const request = { scope, sessionId, kind, after: number, limit: limit - found.length }
    found.push(...(yield* entries(sessions, request)))
  }
  return found
})

/** Counts before it deletes: the server does not return how many points a deletion removed. */
export const dropEntries = Effect.fnUntraced(function* (
  sessions: PointsApi,
  { kind, scope, sessionId, through }: DropEntriesRequest
): Effect.fn.Return<number, MemoryError> {
  const conditions = all(
    inSession(scope, sessionId),
    must(
      ...(kind === undefined ? [] : [is("kind", kind)]),
      ...(kind === undefined || through === undefined ? [] : [between("number", { lte: through })])
    )
  )
  const dropped = yield* sessions.count(conditions)
  yield* sessions.update("drop entries", [{ delete: { filter: toFilter(conditions) } }], "bulk")
  return dropped
})
