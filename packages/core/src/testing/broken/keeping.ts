import * as Effect from "effect/Effect"
import type { Calibration } from "../../memory/Fingerprint.ts"
import { scopeKey } from "../../memory/Scope.ts"
import { allRows } from "../../store/inMemory/inMemoryData.ts"
import { broken, type BrokenStore } from "./BrokenStore.ts"

/** Faults in what is owed, in limits, and in what long texts cost. */
export const brokenKeepings: ReadonlyArray<BrokenStore> = [
  broken(
    "tells the last expiry for the first",
    ["lifetime > the first expiry, where a store tells it, is the least of all scopes"],
    (_, data) => ({
      admin: {
        firstExpiry: Effect.sync(() =>
          Math.max(...allRows(data).map(({ memory }) => memory.expiresAt ?? Number.NEGATIVE_INFINITY))
        )
      }
    })
  ),
  broken(
    "records every calibration that is measured",
    [
      "lifecycle > a calibration that was measured is recorded once, and no other opening is refused for it",
      "lifecycle > a calibration that was given stays"
    ],
    ({ admin }) => {
      let recorded: Calibration | null = null
      const read = Effect.map(admin.fingerprint, (stored) =>
        recorded === null || stored.embedding === null
          ? stored
          : { ...stored, embedding: { ...stored.embedding, calibration: recorded } }
      )
      return {
        admin: {
          fingerprint: read,
          calibrate: (measured) =>
            Effect.suspend(() => {
              recorded = { ...measured, source: "measured" }
              return read
            })
        }
      }
    }
  ),
  broken(
    "measures for this handle alone",
    ["lifecycle > a calibration that was measured is recorded once, and no other opening is refused for it"],
    ({ admin }, data) => ({
      admin: {
        calibrate: (measured) =>
          Effect.tap(admin.calibrate?.(measured) ?? admin.fingerprint, () =>
            Effect.sync(() => {
              data.calibration = null
            })
          )
      }
    })
  ),
  broken(
    "forgets what it owes",
    [
      "owed > an owed row is found by words, listed, and found by meaning once it is paid",
      "owed > said again with a vector it is paid, without one it stays owed"
    ],
    ({ store }) => ({
      store: {
        put: (request) =>
          store.put({ ...request, rows: request.rows.map((row) => ({ ...row, owed: false })) })
      }
    })
  ),
  broken(
    "owes for ever what is not to be had",
    ["owed > a vector that is not to be had is owed no more"],
    ({ admin }) => ({
      admin: {
        payOwed: (rows) =>
          Effect.as(
            admin.payOwed(rows.filter(({ vectors }) => vectors.some((vector) => vector !== null))),
            rows.length
          )
      }
    })
  ),
  broken(
    "overwrites vectors that are not owed",
    ["owed > what is gone, owes nothing, or has other passages is passed over"],
    ({ admin }, data) => ({
      admin: {
        payOwed: (rows) =>
          Effect.suspend(() => {
            for (const { id, scope } of rows) {
              const row = data.scopes.get(scopeKey(scope))?.get(id)
              if (row !== undefined) data.scopes.get(scopeKey(scope))?.set(id, { ...row, owed: true })
            }
            return admin.payOwed(rows)
          })
      }
    })
  ),
  broken(
    "lists rows without a vector as owed",
    ["owed > a vector that is not to be had is owed no more"],
    ({ admin }, data) => ({
      admin: {
        owed: (request) =>
          Effect.map(admin.owed(request), (rows) => [
            ...rows,
            ...Array.from(data.scopes.values())
              .flatMap((kept) => Array.from(kept.values()))
              .filter((row) => !row.owed && row.passages[0].vector === null)
              .map(({ memory, passages }) => ({
                memory,
                spans: passages.map(({ end, start }) => ({ start, end }))
              }))
          ])
      }
    })
  ),
  broken(
    "knows no limit",
    [
      "limits > a write that does not fit is refused, and says by how much",
      "limits > expired rows make room first",
      "limits > many writers at once stay within the limits"
    ],
    ({ store }) => ({ store: { put: (request) => store.put({ ...request, limits: undefined }) } })
  ),
  broken(
    "drops the youngest, and pins as well",
    ["limits > the oldest make room, pins and what supersedes another last"],
    ({ store }, data) => ({
      store: {
        put: (request) =>
          Effect.suspend(() => {
            const { limits, rows, scope } = request
            const kept = data.scopes.get(scopeKey(scope))
            const room = (limits?.memories ?? Number.POSITIVE_INFINITY) - rows.length
            const ids = Array.from(kept?.keys() ?? []).reverse()
            if (limits?.whenFull === "dropOldest" && room >= 0) {
              for (const id of ids) if ((kept?.size ?? 0) > room) kept?.delete(id)
            }
            return store.put(request)
          })
      }
    })
  ),
  broken("limits puts alone", ["limits > supersede, patch and append keep to the limits"], ({ store }) => ({
    store: {
      supersede: (request) => store.supersede({ ...request, limits: undefined }),
      patch: (request) => store.patch({ ...request, limits: undefined }),
      append: (request) => store.append({ ...request, limits: undefined })
    }
  })),
  broken(
    "counts characters for bytes",
    ["limits > usage counts rows of every lifetime, and the bytes of texts, metadata and entries"],
    ({ store }, data) => ({
      store: {
        usage: (request) =>
          Effect.map(store.usage(request), (usage) => {
            const rows = Array.from(data.scopes.get(scopeKey(request.scope))?.values() ?? [])
            return { ...usage, bytes: rows.reduce((sum, { memory }) => sum + memory.content.length, 0) }
          })
      }
    })
  ),
  broken(
    "fills a page with long texts to the end",
    ["paging > long texts end a page early, and the pages add up"],
    ({ store }) => ({
      store: {
        list: (request) =>
          Effect.gen(function* () {
            const rows = []
            let page = yield* store.list(request)
            rows.push(...page.rows)
            while (page.next !== null && rows.length < request.limit) {
              page = yield* store.list({ ...request, after: page.next })
              rows.push(...page.rows)
            }
            return { rows, next: page.next }
          })
      }
    })
  ),
  broken(
    "claims to have erased where nothing was removed",
    ["operator > the store says what it is, and receipts say what it did to the bytes"],
    ({ store }) => ({
      store: {
        remove: (request) =>
          Effect.map(store.remove(request), (removal) => ({ ...removal, bytes: "erased", toErase: "" }))
      }
    })
  )
]
