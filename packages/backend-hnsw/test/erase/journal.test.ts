/** What an erasure that did not end has left, and what the next open and the next removal do about it. */
import { assert, it } from "@effect/vitest"
import { ANY, type ErasedPlace } from "@keepsake/core/driver"
import { Effect, Logger } from "effect"
import { spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { crc32 } from "node:zlib"
import { DIMENSIONS, direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { openStore } from "../support/openStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const scope = makeScope("ada")
const rows = Array.from({ length: 250 }, (_, i) => makeRow(scope, `memory ${i}`, direction(i, DIMENSIONS)))

const fill = (path: string) =>
  Effect.scoped(Effect.flatMap(openStore({ path }), ({ store }) => store.put({ scope, now: NOW, rows })))

const list = (path: string) =>
  Effect.scoped(
    Effect.flatMap(openStore({ path }), ({ store }) =>
      Effect.map(store.list({ scope, now: NOW, filter: ANY, limit: 500 }), (page) =>
        page.rows.map(({ content }) => Number(content.replace("memory ", ""))).sort((a, b) => a - b)
      )
    )
  )

/** Notes rows as an erasure does before its first batch is gone. @param change of the note after its sum was made */
const note = (path: string, key: string, ranges: string, change = (text: string) => text): void => {
  const db = new DatabaseSync(path)
  const { seq, sid } = db.prepare("SELECT sid, seq FROM scope").get() ?? {}
  const text = `${Number(sid)} ${Number(seq)} ${ranges}`
  db.prepare("INSERT INTO meta VALUES (?, ?)").run(key, `${change(text)} ${crc32(`${key} ${text}`)}`)
  db.close()
}

it.effect("a damaged note of an erasure removes nothing, and a warning says so", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* fill(path)
    note(path, "removing.0f6b", "0-17", (text) => text.replace("0-17", "0-97"))
    const db = new DatabaseSync(path)
    // Of another scope, but for a bit.
    db.prepare("INSERT INTO meta VALUES (?, ?)").run("erasing.1", `250 ${crc32("erasing.3 250")}`)
    db.close()
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => warnings.push(String(message)))
    yield* list(path).pipe(Effect.provide(Logger.layer([logger])))
    assert.strictEqual((yield* list(path)).length, 250)
    assert.deepStrictEqual(
      warnings.map((warning) => warning.includes("its note is damaged")),
      [true]
    )
  }).pipe(Effect.scoped)
)

it.effect("rows that were being erased go at the next open, but for one that was said again", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* fill(path)
    const other = yield* openStore({ path })
    // As a kill leaves it after the first batch: rows of it are gone already.
    note(path, "removing.0f6a", "0-127,130,140-199")
    const gone = rows.slice(0, 50).map(({ memory }) => memory.id)
    yield* other.store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: gone } })
    yield* other.store.put({ scope, now: NOW, rows: rows.slice(150, 151) })
    const numbers = Array.from({ length: 250 }, (_, i) => i)
    const expected = numbers.filter((i) => i >= 200 || i === 150 || (i >= 128 && i < 140 && i !== 130))
    assert.deepStrictEqual(yield* list(path), expected)
    assert.deepStrictEqual(yield* list(path), expected)
    const again = new DatabaseSync(path, { readOnly: true })
    assert.deepStrictEqual(again.prepare("SELECT key FROM meta WHERE key GLOB 'removing.*'").all(), [])
    again.close()
  }).pipe(Effect.scoped)
)

it.effect(
  "a build that a kill left half written is deleted at the next open, of a process that runs it is not",
  () =>
    Effect.gen(function* () {
      const path = `${yield* temporaryFolder}/memory.db`
      yield* fill(path)
      const ended = spawnSync(process.execPath, ["--version"]).pid
      const name = (pid: number) => `1.hnsw.${pid}.${randomUUID()}.tmp`
      const running = name(process.ppid)
      mkdirSync(`${path}-graphs`)
      for (const file of [
        name(ended),
        name(process.pid),
        running,
        "1.hnsw",
        `1.json.${ended}.${randomUUID()}.tmp`
      ])
        writeFileSync(`${path}-graphs/${file}`, "vectors")
      yield* openStore({ path })
      assert.deepStrictEqual(readdirSync(`${path}-graphs`), [running])
    }).pipe(Effect.scoped)
)

it.effect("asking again does what the first time could not, and says so", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* fill(path)
    const { store } = yield* openStore({ path })
    const forget = Effect.map(
      store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: [rows[0]?.memory.id ?? ""] } }),
      ({ bytes, places, removed }) =>
        [removed, bytes, ...places.slice(0, 2).map((place: ErasedPlace) => place.bytes)] as const
    )
    const reader = new DatabaseSync(path)
    reader.exec("BEGIN; SELECT count(*) FROM memory")
    assert.deepStrictEqual(yield* forget, [1, "unlinked", "erased", "unlinked"])
    assert.deepStrictEqual(yield* forget, [0, "unlinked", "untouched", "unlinked"])
    reader.close()
    assert.deepStrictEqual(yield* forget, [0, "erased", "untouched", "erased"])
    assert.deepStrictEqual(yield* forget, [0, "untouched", "untouched", "untouched"])
  }).pipe(Effect.scoped)
)
