import { assert, it } from "@effect/vitest"
import { ANY, type Fingerprint } from "@keepsake/core/driver"
import { Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { createInterface } from "node:readline"
import { DatabaseSync } from "node:sqlite"
import { extractFirstVersion, hasFirstVersion } from "../support/extractFirstVersion.ts"
import { makeFirstVersionFile } from "../support/makeFirstVersionFile.ts"
import { openStore } from "../support/openStore.ts"
import { DIMENSIONS, direction, makeFingerprint, makeRow, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const scope = makeScope("ana")
const rows = Array.from({ length: 50 }, (_, i) => makeRow(scope, `memory ${i}`, direction(i, DIMENSIONS)))
const harness = (name: string): string => new URL(`../harness/${name}.ts`, import.meta.url).pathname

const readNumber = (path: string, sql: string): number => {
  const db = new DatabaseSync(path)
  const value = Number(Object.values(db.prepare(sql).get() ?? {})[0])
  db.close()
  return value
}

const readContents = (path: string) =>
  Effect.scoped(
    Effect.flatMap(openStore({ path }), ({ store }) =>
      Effect.map(store.listRows({ scope, now: NOW, filter: ANY, limit: 1_000 }), (page) =>
        page.rows.map(({ memory, passages: [{ vector }] }) => [memory.content, vector?.[0]])
      )
    )
  )

const makeFile = (path: string) =>
  Effect.gen(function* () {
    const { store } = yield* openStore({ path })
    yield* store.put({ scope, now: NOW, rows })
  }).pipe(Effect.scoped, Effect.andThen(Effect.sync(() => makeFirstVersionFile(path))))

it.effect(
  "a process of the first version that has the file open finds its tables and its generation gone",
  () =>
    Effect.gen(function* () {
      const path = `${yield* temporaryFolder}/memory.db`
      yield* makeFile(path)
      const old = new DatabaseSync(path)
      // What the first version compares in each transaction and before each read.
      const dataVersion = old.prepare("PRAGMA data_version")
      const generation = old.prepare("SELECT value FROM meta WHERE key = 'generation'")
      const insert = old.prepare("INSERT INTO body_1 (rid, data) VALUES (?, ?)")
      const seen = { version: dataVersion.get()?.["data_version"], generation: generation.get()?.["value"] }
      assert.strictEqual(seen.generation, "1")
      const { store } = yield* openStore({ path })
      assert.notStrictEqual(dataVersion.get()?.["data_version"], seen.version)
      assert.strictEqual(generation.get()?.["value"], "2")
      assert.throws(() => insert.run(1, Buffer.alloc(10)), /no such table/u)
      old.close()
      assert.strictEqual(yield* store.count({ scope, now: NOW, filter: ANY }), rows.length)
    }).pipe(Effect.scoped)
)

interface Refusal {
  readonly call: string
  readonly reason: string
}

/** A file that the first version's own code has open, and how to make it try every call. */
const openInFirstVersion = (path: string, checkout: string, ...mode: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [harness("firstVersion"), checkout, path, ...mode], {
      stdio: ["pipe", "pipe", "inherit"]
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    assert.strictEqual((await lines.next()).value, "ready")
    const tryEveryCall = async (): Promise<ReadonlyArray<Refusal>> => {
      child.stdin.write("go\n")
      const refusals: Array<Refusal> = []
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
        refusals.push(JSON.parse(line.value) as Refusal)
      }
      return refusals
    }
    return tryEveryCall
  })

const assertRefused = (refusals: ReadonlyArray<Refusal>): void => {
  assert.strictEqual(refusals.length, 16)
  for (const { call, reason } of refusals) {
    assert.strictEqual(reason, call === "reopen" ? "Unsupported" : "Closed", call)
  }
}

it.live.skipIf(!hasFirstVersion)(
  "the first version's own code is refused at its next call, and destroys nothing (needs the history)",
  () =>
    Effect.gen(function* () {
      const checkout = yield* temporaryFolder
      extractFirstVersion(checkout)
      const path = `${yield* temporaryFolder}/memory.db`
      const tryEveryCall = yield* openInFirstVersion(path, checkout)
      assert.strictEqual(readNumber(path, "PRAGMA user_version"), 1)
      const before = yield* readContents(path)
      assert.strictEqual(before.length, rows.length)
      assertRefused(yield* Effect.promise(tryEveryCall))
      assert.deepStrictEqual(yield* readContents(path), before)
      assert.strictEqual(readNumber(path, "PRAGMA user_version"), 2)
    }).pipe(Effect.scoped)
)

it.live.skipIf(!hasFirstVersion)(
  "a move that the first version began goes on, and its own process cannot end it (needs the history)",
  () =>
    Effect.gen(function* () {
      const checkout = yield* temporaryFolder
      extractFirstVersion(checkout)
      const path = `${yield* temporaryFolder}/memory.db`
      const tryEveryCall = yield* openInFirstVersion(path, checkout, "stage")
      const before = yield* readContents(path)
      assertRefused(yield* Effect.promise(tryEveryCall))
      assert.deepStrictEqual(yield* readContents(path), before)
      const { admin } = yield* openStore({ path })
      const next: Fingerprint = { ...makeFingerprint(DIMENSIONS), b: 0.5 }
      yield* admin.stage(next)
      const unstaged = yield* admin.unstaged({ limit: 100 })
      assert.strictEqual(unstaged.length, 30)
      const ids = new Set(unstaged.map(({ id }) => id))
      yield* admin.fillStage(
        rows
          .filter(({ memory }) => ids.has(memory.id))
          .map(({ memory, owed, passages }) => ({ scope, id: memory.id, passages, owed }))
      )
      yield* admin.commitStage
      assert.strictEqual(readNumber(path, "SELECT count(*) FROM body_3"), rows.length)
    }).pipe(Effect.scoped)
)

it.live("a migration that is killed leaves the file as it was, and is done by the next open", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    let kills = 0
    for (let point = 1; ; point++) {
      const path = `${folder}/${point}.db`
      yield* makeFile(path)
      const { signal, status } = spawnSync(process.execPath, [
        harness("killedMigration"),
        path,
        String(point)
      ])
      assert.strictEqual(readQuickCheck(path), "ok")
      const contents = yield* readContents(path)
      assert.strictEqual(contents.length, rows.length)
      assert.strictEqual(readNumber(path, "PRAGMA user_version"), 2)
      if (signal === null) {
        assert.strictEqual(status, 0)
        break
      }
      kills++
    }
    // Configure, begin, rename, create, commit.
    assert.isAtLeast(kills, 5)
  }).pipe(Effect.scoped)
)

const readQuickCheck = (path: string): unknown => {
  const db = new DatabaseSync(path)
  const { quick_check } = db.prepare("PRAGMA quick_check").get() ?? {}
  db.close()
  return quick_check
}

it.effect("a file that is refused is not migrated", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* makeFile(path)
    const error = yield* Effect.flip(openStore({ path }, DIMENSIONS + 1))
    assert.strictEqual(error.reason._tag, "FingerprintMismatch")
    assert.strictEqual(readNumber(path, "PRAGMA user_version"), 1)
  }).pipe(Effect.scoped)
)

it.effect("a newer format is refused by name", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* Effect.scoped(openStore({ path }))
    const db = new DatabaseSync(path)
    db.exec("PRAGMA user_version = 3")
    db.close()
    const error = yield* Effect.flip(openStore({ path }))
    assert.strictEqual(error.reason._tag, "Unsupported")
    assert.include(error.message, "file format 3")
  }).pipe(Effect.scoped)
)
