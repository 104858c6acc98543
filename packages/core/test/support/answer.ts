import type { Memory, MemoryError, MemoryStore, Scope } from "@keepsake/core"
import { toCondition, type Cursor, type Filter } from "@keepsake/core/driver"
import { find, findAround } from "@keepsake/core/conformance"
import { Effect } from "effect"

type Store = MemoryStore["Service"]

/** A call of a store; vectors and terms as plain lists. */
export interface Question {
  readonly method: string
  readonly request: Readonly<Record<string, unknown>> & { readonly scope: Scope }
}

interface FirstCursor {
  readonly createdAt: number
  readonly id: string
}

/** Today's request: the first version had filters, and lists by `createdAt` alone. */
const typed = ({ request }: Question): never => {
  const { after, filter, terms, vector } = request
  return {
    ...request,
    ...(filter === undefined ? {} : { filter: toCondition(filter as Filter) }),
    ...(after === undefined ? {} : { after: toCursor(after as FirstCursor) }),
    ...(Array.isArray(vector) ? { vector: Float32Array.from(vector as Array<number>) } : {}),
    ...(Array.isArray(terms) ? { terms: Uint32Array.from(terms as Array<number>) } : {})
  } as never
}

const toCursor = ({ createdAt, id }: FirstCursor): Cursor => ({ at: createdAt, id })

const toFirstCursor = (next: Cursor | null): FirstCursor | null =>
  next === null ? null : { createdAt: next.at, id: next.id }

type Entry = readonly [row: number, ...rest: ReadonlyArray<unknown>]
const byRow = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => entries.toSorted(([a], [b]) => a - b)

const ascending = (rows: ReadonlyArray<number>): ReadonlyArray<number> => rows.toSorted((a, b) => a - b)

/**
 * What the store answers, as plain JSON. A row is its number, which `toNumber` gives; an answer without an order is
 * sorted by it.
 */
export const answer = (
  store: Store,
  question: Question,
  toNumber: (memory: Memory) => number
): Effect.Effect<unknown, MemoryError> => {
  const request = typed(question)
  switch (question.method) {
    case "list":
      return Effect.map(store.list(request), ({ next, rows }) => ({
        rows: rows.map(toNumber),
        next: toFirstCursor(next)
      }))
    case "listRows":
      return Effect.map(store.listRows(request), ({ next, rows }) => ({
        rows: rows.map(({ memory, passages: [{ vector }] }) => [
          toNumber(memory),
          vector === null ? null : Array.from(vector)
        ]),
        next: toFirstCursor(next)
      }))
    case "latest":
      return Effect.map(store.latest(request), (rows) => rows.map(({ memory }) => toNumber(memory)))
    case "get":
      return Effect.map(store.get(request), (rows) => ascending(rows.map(toNumber)))
    case "speakers":
      return Effect.map(store.speakers(request), (names) => names.toSorted())
    case "count":
      return store.count(request)
    case "lastTurn":
      return store.lastTurn(request)
    case "around":
      return Effect.map(findAround(store, request), (rows) =>
        byRow(rows.map(({ cosine, memory }) => [toNumber(memory), cosine]))
      )
    case "search":
      return Effect.map(find(store, request), ({ df, hits, n }) => ({
        n,
        df,
        hits: byRow(hits.map(({ bm25, cosine, memory }) => [toNumber(memory), cosine, bm25]))
      }))
    default:
      throw new Error(`No such question: ${question.method}`)
  }
}
