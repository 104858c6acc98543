/** A file whose scopes have blocks, and what a store answers. For tests and for `blockWriter.ts`. */
import { ANY, documentTerms, type MemoryStore, type StoreRow, toCondition } from "@keepsake/core/driver"
import { Effect } from "effect"
import { DatabaseSync } from "node:sqlite"
import { Block } from "../../src/codec/blockBlob.ts"
import { openStore } from "./openStore.ts"
import { direction, makeRow, makeScope, NOW } from "./rows.ts"

export const DIMENSIONS = 32
export const scope = makeScope("ana")

export const spokenBy = (speaker: string) => toCondition({ speakers: [speaker] })

type Store = MemoryStore["Service"]

const WORDS = ["harbour", "captain", "lantern", "orchard", "violin", "glacier", "market", "pepper"]

/** A word of one row alone. */
const uniqueWord = (i: number): string =>
  `zq${String(i).replaceAll(/\d/gu, (digit) => "bcdfghjklm"[Number(digit)] ?? "")}`

/** Rows of all kinds: long texts, rows without vectors, with or without sessions, some gone at `NOW + 1`. */
export const makeRows = (from: number, to: number): ReadonlyArray<StoreRow> =>
  Array.from({ length: to - from }, (_, at) => {
    const i = from + at
    const word = (k: number): string => WORDS[(i * 7 + k * 3) % WORDS.length] ?? ""
    const content = `${uniqueWord(i)} says ${word(0)} and ${word(1)} of ${word(2)}`
    const row = makeRow(scope, content, i % 11 === 0 ? null : direction(i % 97, DIMENSIONS), {
      speaker: i % 5 === 0 ? null : `TAG${i % 40}x`,
      sessionId: i % 4 === 0 ? null : `session ${i % 9}`,
      turn: i % 4 === 0 ? null : i,
      type: i % 3 === 0 ? "semantic" : "episodic",
      saidAt: NOW - (i % 50) * 1_000,
      expiresAt: i % 13 === 0 ? NOW + 1 : null,
      pinned: i % 17 === 0,
      metadata: { place: i }
    })
    if (i % 10 !== 0) return row
    const middle = Math.floor(content.length / 2)
    const extra = (start: number, end: number, seed: number) => ({
      start,
      end,
      vector: direction(seed, DIMENSIONS),
      terms: documentTerms(content.slice(start, end))
    })
    return { ...row, passages: [row.passages[0], extra(0, middle, i), extra(middle, content.length, i + 1)] }
  })

const ask = (store: Store, now: number) =>
  Effect.all({
    searches: Effect.forEach(Array.from({ length: 12 }), (_, i) =>
      store.search({
        scope,
        now,
        filter: i % 3 === 0 ? spokenBy(`TAG${i}x`) : ANY,
        limit: 20,
        parts: [
          {
            vector: direction(i * 3, DIMENSIONS),
            terms: documentTerms(`${WORDS[i % 8]} ${uniqueWord(i * 20)}`).ids
          },
          ...(i % 2 === 0 ? [{ terms: documentTerms(WORDS[(i + 1) % 8] ?? "").ids }] : [])
        ]
      })
    ),
    around: Effect.map(
      store.around({
        scope,
        now,
        filter: ANY,
        anchors: [{ sessionId: "session 1", turn: 91 }],
        radius: 30,
        parts: [{ vector: direction(5, DIMENSIONS) }]
      }),
      // An excerpt is made when it is asked for.
      (rows) => rows.map(({ excerpt, ...row }) => ({ ...row, excerpt }))
    ),
    speakers: store.speakers({ scope, now }),
    sessions: store.sessions({ scope, now, limit: 100 }),
    latest: store.latest({ scope, now, filter: ANY, limit: 30 }),
    list: store.list({ scope, now, filter: ANY, limit: 100, by: "saidAt" })
  })

/** Everything that an index answers, as JSON. */
export const askAll = (store: Store, now = NOW): Effect.Effect<string, unknown> =>
  Effect.map(ask(store, now), (answers) =>
    JSON.stringify(answers, (_, value: unknown) =>
      value instanceof Float32Array ? Array.from(value) : value
    )
  )

/** The intact blocks of a file, and how many others. */
export const readBlocks = (path: string) => {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const blocks = db
      .prepare("SELECT rid, data FROM block_1 ORDER BY rid")
      .all()
      .map(({ data, rid }) => Block.read(data as Uint8Array, Number(rid)))
    const intact = blocks.filter((block) => block !== null)
    return { intact, damaged: blocks.length - intact.length }
  } finally {
    db.close()
  }
}

/** Opens a closed file, asks, and closes it: blocks are written meanwhile. */
export const visit = (path: string) =>
  Effect.scoped(
    Effect.flatMap(openStore({ path, synchronous: "normal" }, DIMENSIONS), ({ store }) => askAll(store))
  )

/** Visits until no more blocks come. */
export const writeBlocks = (path: string): Effect.Effect<string, unknown> =>
  Effect.gen(function* () {
    const before = readBlocks(path).intact.length
    const answer = yield* visit(path)
    return readBlocks(path).intact.length === before ? answer : yield* writeBlocks(path)
  })

/** A new closed file of so many rows, written by as many at once. */
export const fillFile = (path: string, rows: number, batch: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
      for (let from = 0; from < rows; from += batch) {
        yield* store.put({ scope, now: NOW, rows: makeRows(from, Math.min(rows, from + batch)) })
      }
    })
  )

/** A new closed file of so many rows, without blocks: as it was before writes filled them, or after small writes. */
export const makeFile = (path: string, rows: number) =>
  Effect.map(fillFile(path, rows, 100), () => {
    const db = new DatabaseSync(path)
    db.exec("DELETE FROM block_1")
    db.close()
  })
