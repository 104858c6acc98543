import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { Scope } from "../../memory/Scope.ts"
import type { Entry } from "../../store/sessions.ts"
import { allRows, type InMemoryData } from "../../store/inMemory/inMemoryData.ts"
import { broken, brokenAtOpening, type BrokenStore } from "./BrokenStore.ts"

/** Where entries are kept by their numbers alone. */
const SHARED: Scope = { agentId: "every", userId: "one" }

const allEntries = (data: InMemoryData): ReadonlyArray<Entry> =>
  Array.from(data.sessions.values()).flatMap(({ entries }) => Array.from(entries.values()))

const memoriesIn = (data: InMemoryData): ReadonlyArray<Memory> => allRows(data).map(({ memory }) => memory)

export const brokenSessions: ReadonlyArray<BrokenStore> = [
  broken(
    "gives the number of a forgotten turn away",
    ["sessions > a turn's number is never given away, however it went"],
    (_, data) => ({
      store: {
        lastTurn: ({ sessionId }) =>
          Effect.sync(() =>
            memoriesIn(data).reduce<number | null>(
              (last, memory) =>
                memory.sessionId === sessionId && memory.turn !== null
                  ? Math.max(last ?? memory.turn, memory.turn)
                  : last,
              null
            )
          )
      }
    })
  ),
  broken(
    "lists sessions as they once were",
    ["sessions > sessions are listed newest first, with what is live of them"],
    ({ store }) => ({ store: { sessions: (request) => store.sessions({ ...request, now: 0 }) } })
  ),
  broken(
    "skips sessions that ended when a page's last one did",
    ["sessions > pages of sessions of every size add up to the whole"],
    ({ store }) => ({
      store: {
        sessions: (request) =>
          store.sessions({
            ...request,
            ...(request.after && { after: { ...request.after, sessionId: "\uffff" } })
          })
      }
    })
  ),
  broken(
    "orders names by UTF-16 units",
    ["sessions > names are in the order of code points"],
    ({ store }) => ({
      store: {
        sessions: (request) =>
          Effect.map(store.sessions(request), ({ next, sessions }) => ({
            next,
            sessions: sessions.toSorted(
              (a, b) => b.lastSaidAt - a.lastSaidAt || (a.sessionId < b.sessionId ? -1 : 1)
            )
          }))
      }
    })
  ),
  broken(
    "brings entries in the order of their writing",
    ["sessions > entries come back in order, from either end"],
    (_, data) => ({
      store: {
        entries: ({ kind, limit, sessionId }) =>
          Effect.sync(() =>
            allEntries(data)
              .filter((entry) => entry.sessionId === sessionId && entry.kind === kind)
              .slice(0, limit)
          )
      }
    })
  ),
  broken(
    "lets the last writer of an entry win",
    [
      "sessions > of two writers of one number the second is told, and nothing of its batch is kept",
      "sessions > of 20 writers of one number at once one is kept"
    ],
    ({ store }, data) => ({
      store: {
        append: (request) =>
          Effect.suspend(() => {
            for (const { entries } of data.sessions.values()) {
              for (const [key, { kind, number, sessionId }] of entries) {
                const isTaken = request.entries.some(
                  (entry) => entry.sessionId === sessionId && entry.kind === kind && entry.number === number
                )
                if (isTaken) entries.delete(key)
              }
            }
            return store.append(request)
          })
      }
    })
  ),
  broken(
    "cuts long entries",
    ["sessions > entries of any script and of a million characters"],
    ({ store }) => ({
      store: {
        append: (request) =>
          store.append({
            ...request,
            entries: request.entries.map((entry) => ({ ...entry, content: entry.content.slice(0, 65_536) }))
          })
      }
    })
  ),
  broken(
    "counts entries among the memories",
    ["sessions > no search, list or count sees an entry, and no condition removes one"],
    ({ store }, data) => ({
      store: {
        count: (request) => Effect.map(store.count(request), (count) => count + allEntries(data).length)
      }
    })
  ),
  broken(
    "drops every kind of entry",
    ["sessions > dropping entries goes by number, kind and session"],
    ({ store }) => ({
      store: { dropEntries: ({ scope, sessionId }) => store.dropEntries({ scope, sessionId }) }
    })
  ),
  broken(
    "goes on listing entries at the next session",
    ["sessions > entries of all sessions are listed in order, page by page"],
    ({ store }) => ({
      store: {
        listEntries: (request) =>
          store.listEntries({
            ...request,
            ...(request.after && { after: { ...request.after, kind: "\uffff" } })
          })
      }
    })
  ),
  broken(
    "leaves entries behind when everything is forgotten",
    ["sessions > forgetting everything takes entries too, and so does erasing the user"],
    ({ store }) => ({
      store: {
        remove: (request) =>
          store.remove(
            request.target._tag === "All" ? { ...request, target: { _tag: "Filter", filter: ANY } } : request
          )
      }
    })
  ),
  broken(
    "lists no scope without a memory",
    ["sessions > a scope that holds only entries is listed"],
    ({ admin }) => ({
      admin: {
        scopes: (request) =>
          Effect.map(admin.scopes(request), (scopes) => scopes.filter(({ rows }) => rows > 0))
      }
    })
  ),
  brokenAtOpening(
    "keeps entries until it is closed",
    ["sessions > entries and counts of turns outlive a close"],
    (data) => ({ ...data, sessions: new Map() })
  ),
  broken(
    "finds one predecessor",
    ["history > predecessors are the rows that a row superseded"],
    ({ store }) => ({
      store: {
        predecessors: (request) => Effect.map(store.predecessors(request), (memories) => memories.slice(0, 1))
      }
    })
  ),
  broken(
    "brings predecessors back from the dead",
    ["history > an expired predecessor is left out, a forgotten one is gone"],
    ({ store }) => ({ store: { predecessors: (request) => store.predecessors({ ...request, now: 0 }) } })
  ),
  broken(
    "remembers the successor of a row that was reopened",
    ["history > a row that was reopened has no successor any more"],
    ({ store }) => {
      const successors = new Map<string, string>()
      return {
        store: {
          supersede: (request) => {
            successors.set(request.id, request.row.memory.id)
            return store.supersede(request)
          },
          predecessors: ({ ids, now, scope }) =>
            store.get({
              scope,
              now,
              ids: Array.from(successors).flatMap(([id, successor]) => (ids.includes(successor) ? [id] : []))
            })
        }
      }
    }
  ),
  broken(
    "forgets the keys of its rows",
    ["history > a key comes back with its row, and stays as it was first kept"],
    ({ store }) => ({
      store: {
        get: (request) =>
          Effect.map(store.get(request), (memories) => memories.map((memory) => ({ ...memory, key: null })))
      }
    })
  ),
  broken(
    "turns the time of a list round, and not its ids",
    ["order > list goes by saidAt, then id, and turns round"],
    ({ store }) => ({
      store: {
        list: (request) =>
          Effect.map(store.list(request), ({ next, rows }) => {
            const by = request.by ?? "createdAt"
            const turned = rows.toSorted((a, b) => b[by] - a[by] || (a.id < b.id ? -1 : 1))
            return { next, rows: request.newestFirst === true ? turned : rows }
          })
      }
    })
  ),
  broken(
    "ignores the scope of sessions and entries",
    [
      "isolation > predecessors under a foreign scope finds and changes nothing",
      "isolation > sessions under a foreign scope finds and changes nothing",
      "isolation > entries under a foreign scope finds and changes nothing",
      "isolation > listEntries under a foreign scope finds and changes nothing",
      "isolation > dropEntries under a foreign scope finds and changes nothing"
    ],
    ({ store }, data) => {
      const owner = (): Scope => memoriesIn(data)[0]?.scope ?? SHARED
      return {
        store: {
          predecessors: (request) =>
            Effect.sync(() =>
              memoriesIn(data).filter(({ supersededBy }) => request.ids.includes(supersededBy ?? ""))
            ),
          sessions: (request) => store.sessions({ ...request, scope: owner() }),
          entries: (request) => store.entries({ ...request, scope: owner() }),
          listEntries: (request) => store.listEntries({ ...request, scope: owner() }),
          dropEntries: (request) => store.dropEntries({ ...request, scope: owner() })
        }
      }
    }
  ),
  broken(
    "numbers the entries of every scope together",
    ["isolation > an entry under a foreign scope takes no number of the owner's"],
    ({ store }) => ({ store: { append: (request) => store.append({ ...request, scope: SHARED }) } })
  )
]
