import { assert, it } from "@effect/vitest"
import { find } from "@keepsake/core/conformance"
import { ANY, type MemoryError, type Memory } from "@keepsake/core/driver"
import { Effect } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync
} from "node:fs"
import { join } from "node:path"
import { makeFirstVersionFile } from "../support/makeFirstVersionFile.ts"
import { openStore } from "../support/openStore.ts"
import { DIMENSIONS, direction, makeFingerprint, makeRow, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const scope = makeScope("ana")
const rows = Array.from({ length: 30 }, (_, i) =>
  makeRow(scope, `memory ${i}`, direction(i, DIMENSIONS), { sessionId: "s", turn: i })
)
/** What the texts of rows and entry count for. */
const BYTES = 10 * 8 + 20 * 9 + 9
const entry = { sessionId: "s", kind: "history", number: 0, content: "An entry." }

/** A closed file with rows and an entry. */
const makeFile = Effect.gen(function* () {
  const path = `${yield* temporaryFolder}/memory.db`
  yield* Effect.scoped(
    Effect.gen(function* () {
      const { store } = yield* openStore({ path })
      yield* store.put({ scope, now: NOW, rows })
      yield* store.append({ scope, now: NOW, entries: [entry] })
    })
  )
  return path
})

/** Every file of a folder, and its bytes. */
const readFolder = (folder: string) =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name)).toString("base64")])
  )

type Store = Effect.Success<ReturnType<typeof openStore>>["store"]

const toContents = (memories: ReadonlyArray<Memory>): ReadonlyArray<string> =>
  memories.map(({ content }) => content)

const assertReadable = Effect.fnUntraced(function* (store: Store, entries = 1) {
  const { hits, n } = yield* find(store, { scope, now: NOW, vector: direction(7, DIMENSIONS), limit: 1 })
  assert.deepStrictEqual([toContents(hits.map((hit) => hit.memory)), n], [["memory 7"], 30])
  assert.strictEqual(yield* store.count({ scope, now: NOW, filter: ANY }), 30)
  assert.strictEqual(yield* store.lastTurn({ scope, sessionId: "s" }), 29)
  const page = { scope, now: NOW, filter: ANY, by: "saidAt", newestFirst: true, limit: 100 } as const
  assert.strictEqual((yield* store.list(page)).rows.length, 30)
  assert.strictEqual((yield* store.sessions({ scope, now: NOW, limit: 10 })).sessions.length, 1)
  const ids = rows.map(({ memory }) => memory.id)
  assert.deepStrictEqual(yield* store.predecessors({ scope, now: NOW, ids }), [])
  assert.strictEqual((yield* store.listEntries({ scope, limit: 10 })).entries.length, entries)
})

const assertRefused = (effect: Effect.Effect<unknown, MemoryError>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.strictEqual(error.reason._tag, "Unsupported")
    assert.include(error.message, "read-only")
  })

it.effect("reads a file without changing a byte of its folder, and refuses every write", () =>
  Effect.gen(function* () {
    const path = yield* makeFile
    const folder = join(path, "..")
    const before = readFolder(folder)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { admin, store } = yield* openStore({ path, readOnly: true })
        assert.deepStrictEqual(admin.mode, { readOnly: true, accessCounts: false })
        yield* assertReadable(store)
        const [row] = rows
        assert(row !== undefined)
        const { id } = row.memory
        yield* store.touch({ scope, now: NOW, ids: [id] })
        yield* assertRefused(store.put({ scope, now: NOW, rows: [row] }))
        yield* assertRefused(store.patch({ scope, now: NOW, id, change: { pinned: true } }))
        yield* assertRefused(store.supersede({ scope, now: NOW, id, row }))
        yield* assertRefused(store.remove({ scope, now: NOW, target: { _tag: "All" } }))
        yield* assertRefused(store.append({ scope, now: NOW, entries: [entry] }))
        yield* assertRefused(store.dropEntries({ scope, sessionId: "s" }))
        yield* assertRefused(admin.expire({ now: NOW, limit: 1 }))
        yield* assertRefused(admin.eraseUser({ userId: "ana" }))
        yield* assertRefused(admin.commitStage)
        assert.deepStrictEqual(yield* admin.unstaged({ limit: 1 }), [])
        assert.deepStrictEqual(yield* admin.scopes({ limit: 10 }), [{ scope, rows: 30, bytes: BYTES }])
        assert.deepStrictEqual(readFolder(folder), before)
      })
    )
    assert.deepStrictEqual(readFolder(folder), before)
  }).pipe(Effect.scoped)
)

it.effect("creates nothing where no file is", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/none/memory.db`
    const error = yield* Effect.flip(openStore({ path, readOnly: true }))
    assert.strictEqual(error.reason._tag, "NotFound")
    assert.include(error.message, path)
    assert.deepStrictEqual(readdirSync(folder), [])
  }).pipe(Effect.scoped)
)

it.effect("reads a file of the first version as it is", () =>
  Effect.gen(function* () {
    const path = yield* makeFile
    makeFirstVersionFile(path)
    const folder = join(path, "..")
    const before = readFolder(folder)
    const { store } = yield* openStore({ path, readOnly: true })
    yield* assertReadable(store, 0)
    assert.deepStrictEqual(readFolder(folder), before)
  }).pipe(Effect.scoped)
)

it.effect("reads the snapshot of a file and its log", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const { store } = yield* openStore({ path })
    yield* store.put({ scope, now: NOW, rows })
    yield* store.append({ scope, now: NOW, entries: [entry] })
    const snapshot = `${yield* temporaryFolder}/memory.db`
    copyFileSync(path, snapshot)
    copyFileSync(`${path}-wal`, `${snapshot}-wal`)
    const before = [snapshot, `${snapshot}-wal`].map((file) => readFileSync(file).toString("base64"))
    yield* assertReadable((yield* openStore({ path: snapshot, readOnly: true })).store)
    assert.deepStrictEqual(
      [snapshot, `${snapshot}-wal`].map((file) => readFileSync(file).toString("base64")),
      before
    )
  }).pipe(Effect.scoped)
)

it.effect("sees what another handle writes, whichever was first", () =>
  Effect.gen(function* () {
    const path = yield* makeFile
    const reader = yield* openStore({ path, readOnly: true })
    const count = reader.store.count({ scope, now: NOW, filter: ANY })
    assert.strictEqual(yield* count, 30)
    for (let round = 0; round < 3; round++) {
      // The last to close the file deletes the log: the reader may find it changed without one.
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { store } = yield* openStore({ path })
          const late = makeRow(scope, `late ${round}`, direction(100 + round, DIMENSIONS))
          yield* store.put({ scope, now: NOW, rows: [late] })
          if (round > 0) assert.strictEqual(yield* count, 31 + round)
        })
      )
      assert.strictEqual(yield* count, 31 + round)
      assert.deepStrictEqual(yield* reader.admin.fingerprint, makeFingerprint(DIMENSIONS))
      const vector = direction(100 + round, DIMENSIONS)
      const { hits } = yield* find(reader.store, { scope, now: NOW, vector, limit: 1 })
      assert.deepStrictEqual(toContents(hits.map((hit) => hit.memory)), [`late ${round}`])
    }
    yield* reader.admin.close
    const error = yield* Effect.flip(count)
    assert.strictEqual(error.reason._tag, "Closed")
  }).pipe(Effect.scoped)
)

it.effect("follows a link to the file and its log, and to another file that takes its place", () =>
  Effect.gen(function* () {
    const path = yield* makeFile
    const link = `${yield* temporaryFolder}/link.db`
    symlinkSync(path, link)
    const { store: writer } = yield* openStore({ path })
    yield* writer.put({ scope, now: NOW, rows: [makeRow(scope, "in the log", direction(50, DIMENSIONS))] })
    const count = (yield* openStore({ path: link, readOnly: true })).store.count({
      scope,
      now: NOW,
      filter: ANY
    })
    assert.strictEqual(yield* count, 31)
    const other = yield* makeFile
    const otherLink = `${yield* temporaryFolder}/link.db`
    symlinkSync(other, otherLink)
    const { store } = yield* openStore({ path: otherLink, readOnly: true })
    assert.strictEqual(yield* store.count({ scope, now: NOW, filter: ANY }), 30)
    const larger = yield* makeFile
    yield* Effect.scoped(
      Effect.flatMap(openStore({ path: larger }), (opened) =>
        opened.store.put({ scope, now: NOW, rows: [makeRow(scope, "one more", direction(51, DIMENSIONS))] })
      )
    )
    symlinkSync(larger, `${otherLink}.new`)
    renameSync(`${otherLink}.new`, otherLink)
    assert.strictEqual(yield* store.count({ scope, now: NOW, filter: ANY }), 31)
  }).pipe(Effect.scoped)
)

/** A folder mounted read-only over a copy of a file; null without the right to mount. */
const mountedReadOnly = (path: string) =>
  Effect.acquireRelease(
    Effect.map(temporaryFolder, (folder) => {
      const [source, target] = [`${folder}/source`, `${folder}/target`]
      mkdirSync(source)
      mkdirSync(target)
      copyFileSync(path, `${source}/memory.db`)
      const isMounted =
        spawnSync("mount", ["--bind", source, target]).status === 0 &&
        spawnSync("mount", ["-o", "remount,ro,bind", target]).status === 0
      return isMounted ? target : null
    }),
    (target) => Effect.sync(() => target !== null && execFileSync("umount", [target]))
  )

it.effect("reads a volume that is mounted read-only (needs the right to mount)", (context) =>
  Effect.gen(function* () {
    const target = yield* mountedReadOnly(yield* makeFile)
    if (target === null) return context.skip()
    assert.throws(() => rmSync(`${target}/memory.db`))
    assert.isTrue(existsSync(`${target}/memory.db`))
    yield* assertReadable((yield* openStore({ path: `${target}/memory.db`, readOnly: true })).store)
  }).pipe(Effect.scoped)
)

it.effect("without access counts a touch writes nothing", () =>
  Effect.gen(function* () {
    const path = yield* makeFile
    const { admin, store } = yield* openStore({ path, accessCounts: false })
    assert.deepStrictEqual(admin.mode, { readOnly: false, accessCounts: false })
    const ids = rows.map(({ memory }) => memory.id)
    yield* store.touch({ scope, now: NOW, ids })
    const memories = yield* store.get({ scope, now: NOW, ids })
    assert.isTrue(memories.every(({ accessCount }) => accessCount === 0))
    assert.strictEqual((yield* store.put({ scope, now: NOW, rows })).length, 30)
  }).pipe(Effect.scoped)
)
