import { assert, it } from "@effect/vitest"
import type { Removal } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { DIMENSIONS, direction, NOW, makeRow, makeScope } from "../support/rows.ts"
import { openStore } from "../support/openStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

/** Every `TAG12x` in the bytes of any file of the folder. */
const findTags = (folder: string): Set<string> =>
  new Set(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap((entry) =>
        Array.from(
          readFileSync(join(entry.parentPath, entry.name))
            .toString("latin1")
            .matchAll(/TAG\d+x/gu),
          ([tag]) => tag
        )
      )
  )

/** Rows and log are erased; there were no files beside the store. */
const assertErased = ({ bytes, places, removed }: Removal, expected: number): void =>
  assert.deepStrictEqual(
    [removed, bytes, places.map((place) => `${place.place} ${place.bytes}`)],
    [expected, "erased", ["rows erased", "log erased", "graphs untouched", "temporary untouched"]]
  )

const makeTaggedRow = (user: string, i: number, length: number, dimensions = DIMENSIONS) => {
  const tag = `TAG${i}x`
  const content = `${tag} ${"filler ".repeat(length)} ${tag}`
  return makeRow(makeScope(user), content, direction(i, dimensions), {
    metadata: { note: tag },
    speaker: tag,
    sessionId: tag,
    turn: i
  })
}

// SQLite's `secure_delete` alone fails this: rebalancing leaves copies in the gaps of pages.
it.effect.each([
  { pages: "small", dimensions: DIMENSIONS },
  { pages: "large", dimensions: 300 }
])("leaves no byte of removed rows in any file of $pages pages, however rows were mixed", ({ dimensions }) =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const options = { path: `${folder}/memory.db`, synchronous: "normal" } as const
    const { store } = yield* openStore(options, dimensions)
    const random = makeRandom(7)
    const live = new Map<string, { readonly user: string; readonly tag: string }>()
    const removed = new Set<string>()
    let written = 0
    for (let round = 0; round < 60; round++) {
      const user = `user${random.int(12)}`
      const rows = Array.from({ length: 50 }, () =>
        makeTaggedRow(user, written++, Math.floor(random.next() ** 4 * 700), dimensions)
      )
      yield* store.put({ scope: makeScope(user), now: NOW, rows })
      for (const { memory } of rows) live.set(memory.id, { user, tag: memory.speaker ?? "" })
      const toRemove = random.some(Array.from(live), 30).filter(([, { user: owner }]) => owner === user)
      const ids = toRemove.map(([id]) => id)
      const receipt = yield* store.remove({
        scope: makeScope(user),
        now: NOW,
        target: { _tag: "Ids", ids }
      })
      if (ids.length > 0) assertErased(receipt, ids.length)
      else assert.strictEqual(receipt.bytes, "untouched")
      for (const [id, { tag }] of toRemove) {
        live.delete(id)
        removed.add(tag)
      }
      if (round % 10 !== 9) continue
      const tags = findTags(folder)
      assert.deepStrictEqual(
        Array.from(removed).filter((tag) => tags.has(tag)),
        []
      )
    }
    const tags = findTags(folder)
    assert.deepStrictEqual(
      Array.from(live.values()).filter(({ tag }) => !tags.has(tag)),
      []
    )
    assert.isAbove(removed.size, 50)
  }).pipe(Effect.scoped)
)

it.effect("erases a user: texts, names and the user's id", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const { admin, store } = yield* openStore({ path: `${folder}/memory.db` })
    for (let i = 0; i < 40; i++) {
      const user = i % 2 === 0 ? "TAG1000x" : "TAG2000x"
      yield* store.put({ scope: makeScope(user), now: NOW, rows: [makeTaggedRow(user, i, 20)] })
    }
    const receipt = yield* admin.eraseUser({ userId: "TAG1000x" })
    assertErased(receipt, 20)
    const oddTags = Array.from({ length: 20 }, (_, i) => `TAG${2 * i + 1}x`)
    assert.deepStrictEqual(findTags(folder), new Set([...oddTags, "TAG2000x"]))
  }).pipe(Effect.scoped)
)

it.effect("expired rows are erased as well", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const { admin, store } = yield* openStore({ path: `${folder}/memory.db` })
    const rows = Array.from({ length: 200 }, (_, i) => {
      const row = makeTaggedRow("user", i, 30)
      return { ...row, memory: { ...row.memory, expiresAt: NOW + 1 + (i % 2) } }
    })
    yield* store.put({ scope: makeScope("user"), now: NOW, rows })
    assert.strictEqual((yield* admin.expire({ now: NOW + 1, limit: 1_000 })).removed, 100)
    const oddTags = Array.from({ length: 100 }, (_, i) => `TAG${2 * i + 1}x`)
    assert.deepStrictEqual(findTags(folder), new Set(oddTags))
  }).pipe(Effect.scoped)
)

it.effect.each([
  { pages: "small", dimensions: DIMENSIONS },
  { pages: "large", dimensions: 300 }
])(
  "leaves no byte of dropped entries in any file of $pages pages, however they were mixed",
  ({ dimensions }) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { store } = yield* openStore({ path: `${folder}/memory.db`, synchronous: "normal" }, dimensions)
      const random = makeRandom(11)
      const live = new Map<string, ReadonlyArray<string>>()
      const dropped = new Set<string>()
      let written = 0
      for (let round = 0; round < 40; round++) {
        const scope = makeScope(`user${random.int(5)}`)
        const sessionId = `TAG${written++}x`
        const tags = Array.from({ length: 12 }, () => `TAG${written++}x`)
        const entries = tags.map((tag, number) => ({
          sessionId,
          kind: "history",
          number,
          content: `${tag} ${"filler ".repeat(Math.floor(random.next() ** 4 * 3_000))} ${tag}`
        }))
        yield* store.append({ scope, now: NOW, entries })
        live.set(JSON.stringify([scope.userId, sessionId]), [sessionId, ...tags])
        for (const key of random.some(Array.from(live.keys()), 3)) {
          const [userId, session] = JSON.parse(key) as [string, string]
          const [name = "", ...contents] = live.get(key) ?? []
          const through = random.chance(0.5) ? undefined : random.int(12)
          yield* store.dropEntries({
            scope: makeScope(userId),
            sessionId: session,
            ...(through === undefined ? {} : { kind: "history", through })
          })
          const last =
            through === undefined ? contents.length : Math.max(0, through + 1 - (12 - contents.length))
          for (const tag of contents.slice(0, last)) dropped.add(tag)
          const left = contents.slice(last)
          if (left.length > 0) live.set(key, [name, ...left])
          else if (live.delete(key)) dropped.add(name)
        }
        if (round % 10 !== 9) continue
        const found = findTags(folder)
        assert.deepStrictEqual(
          Array.from(dropped).filter((tag) => found.has(tag)),
          []
        )
      }
      const found = findTags(folder)
      assert.deepStrictEqual(
        Array.from(live.values())
          .flat()
          .filter((tag) => !found.has(tag)),
        []
      )
      assert.isAbove(dropped.size, 100)
    }).pipe(Effect.scoped)
)

it.effect("forgetting everything, or a user, erases entries and the names of their sessions", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const { admin, store } = yield* openStore({ path: `${folder}/memory.db` })
    const append = (user: string, number: number) =>
      store.append({
        scope: makeScope(user),
        now: NOW,
        entries: Array.from({ length: 64 }, (_, i) => ({
          sessionId: `TAG${number}x`,
          kind: "notes",
          number: i,
          content: `TAG${number + 1}x ${i}`
        }))
      })
    yield* append("TAG1x", 2)
    yield* append("TAG4x", 5)
    yield* append("TAG4x", 7)
    yield* append("TAG9x", 10)
    const receipt = yield* store.remove({ scope: makeScope("TAG1x"), now: NOW, target: { _tag: "All" } })
    assertErased(receipt, 0)
    yield* admin.eraseUser({ userId: "TAG4x" })
    assert.deepStrictEqual(findTags(folder), new Set(["TAG9x", "TAG10x", "TAG11x"]))
    assert.deepStrictEqual(yield* admin.scopes({ limit: 10 }), [
      { scope: makeScope("TAG9x"), rows: 0, bytes: 566 }
    ])
  }).pipe(Effect.scoped)
)

it.effect("a counter of turns holds no name, and ends with the scope", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/memory.db`
    const { admin, store } = yield* openStore({ path })
    const scope = makeScope("TAG1000x")
    const row = makeTaggedRow("TAG1000x", 5, 3)
    yield* store.put({ scope, now: NOW, rows: [row] })
    yield* store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: [row.memory.id] } })
    assert.deepStrictEqual(findTags(folder), new Set())
    assert.strictEqual(yield* store.lastTurn({ scope, sessionId: "TAG5x" }), 5)
    assert.deepStrictEqual(yield* admin.scopes({ limit: 10 }), [])
    yield* store.put({ scope, now: NOW, rows: [makeTaggedRow("TAG1000x", 2, 3)] })
    assert.deepStrictEqual(yield* admin.scopes({ limit: 10 }), [{ scope, rows: 1, bytes: 49 }])
    assert.strictEqual(yield* store.lastTurn({ scope, sessionId: "TAG5x" }), 5)
    yield* admin.eraseUser({ userId: "TAG1000x" })
    assert.isNull(yield* store.lastTurn({ scope, sessionId: "TAG5x" }))
    const db = new DatabaseSync(path, { readOnly: true })
    for (const table of ["scope", "scope_name", "session", "entry_list", "memory"]) {
      assert.strictEqual(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"], 0, table)
    }
    db.close()
  }).pipe(Effect.scoped)
)
