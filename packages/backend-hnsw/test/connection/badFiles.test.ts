import { assert, it } from "@effect/vitest"
import { ANY, type MemoryError } from "@keepsake/core/driver"
import { Effect } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import {
  chmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { DIMENSIONS, direction, NOW, makeRow, makeScope } from "../support/rows.ts"
import { openStore } from "../support/openStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const assertReason = (error: MemoryError, tag: string, path: string): void => {
  assert.strictEqual(error.reason._tag, tag)
  assert.include(error.message, path)
}

it.effect.skipIf(process.platform === "win32")(
  "only the owner may read a new file, its log and its folder",
  () =>
    Effect.gen(function* () {
      const folder = `${yield* temporaryFolder}/new`
      const path = `${folder}/memory.db`
      const { store } = yield* openStore({ path })
      const scope = makeScope("user")
      yield* store.put({ scope, now: NOW, rows: [makeRow(scope, "private", direction(0, DIMENSIONS))] })
      assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
      for (const file of readdirSync(folder))
        assert.strictEqual(statSync(`${folder}/${file}`).mode & 0o777, 0o600)
    }).pipe(Effect.scoped)
)

it.effect("opening a file keeps its mode", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* Effect.scoped(openStore({ path }))
    chmodSync(path, 0o640)
    yield* openStore({ path })
    assert.strictEqual(statSync(path).mode & 0o777, 0o640)
  }).pipe(Effect.scoped)
)

it.effect("a file that is not a database is refused and left unchanged", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/notes.txt`
    const text = "these are my notes, not a database\n".repeat(100)
    writeFileSync(path, text)
    assertReason(yield* Effect.flip(openStore({ path })), "Corrupt", path)
    assert.strictEqual(readFileSync(path, "utf8"), text)
  }).pipe(Effect.scoped)
)

it.effect("another program's database is refused and left unchanged", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/other.db`
    const db = new DatabaseSync(path)
    db.exec("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    const before = readFileSync(path)
    assertReason(yield* Effect.flip(openStore({ path })), "Corrupt", path)
    assert.isTrue(before.equals(readFileSync(path)))
  }).pipe(Effect.scoped)
)

it.effect("the error of a damaged file names the file and says what to do", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const scope = makeScope("user")
    const rows = Array.from({ length: 200 }, (_, i) =>
      makeRow(scope, `memory ${i}`, direction(i, DIMENSIONS))
    )
    yield* Effect.scoped(
      Effect.flatMap(openStore({ path }), ({ store }) => store.put({ scope, now: NOW, rows }))
    )
    const file = openSync(path, "r+")
    for (let page = 3; page < 150; page++) writeSync(file, Buffer.alloc(1024, 0xa5), 0, 1024, page * 1024)
    const searchDamaged = Effect.gen(function* () {
      const { store } = yield* openStore({ path })
      return yield* store.search({
        scope,
        now: NOW,
        parts: [{ vector: direction(1, DIMENSIONS) }],
        filter: ANY,
        limit: 10
      })
    })
    const error = yield* Effect.flip(searchDamaged)
    assertReason(error, "Corrupt", path)
    assert.include(error.message, ".recover")
  }).pipe(Effect.scoped)
)

it.effect("a folder where the file should be, and a file where a folder should be", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    mkdirSync(`${folder}/taken`)
    assertReason(yield* Effect.flip(openStore({ path: `${folder}/taken` })), "Unavailable", `${folder}/taken`)
    writeFileSync(`${folder}/file`, "")
    const path = `${folder}/file/memory.db`
    assertReason(yield* Effect.flip(openStore({ path })), "InvalidInput", path)
  }).pipe(Effect.scoped)
)

it.effect("an option that cannot be used is InvalidInput", () =>
  Effect.gen(function* () {
    for (const options of [
      { path: "" },
      { path: ":memory:" },
      { path: "x.db", cacheBytes: -1 },
      { path: "x.db", graphFromRows: 0 }
    ]) {
      const error = yield* Effect.flip(openStore(options))
      assert.strictEqual(error.reason._tag, "InvalidInput")
    }
  }).pipe(Effect.scoped)
)

/** Runs the opener as an unprivileged user: root may write anywhere. */
const openUnprivileged = (path: string) =>
  spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, OPENER, path], {
    encoding: "utf8"
  })
const OPENER = new URL("../harness/opener.ts", import.meta.url).pathname
const canDropPrivileges = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0

it.skipIf(!canDropPrivileges)("a folder that may not be written (needs root and setpriv)", () => {
  const folder = execFileSync("mktemp", ["-d", "/tmp/keepsake-readonly-XXXXXX"], { encoding: "utf8" }).trim()
  chmodSync(folder, 0o755)
  const { stdout } = openUnprivileged(`${folder}/memory.db`)
  execFileSync("rm", ["-r", folder])
  assert.strictEqual(stdout, "Unauthorized\n")
})

/** A disk of one megabyte; null without the right to mount. */
const tinyDisk = Effect.acquireRelease(
  Effect.map(temporaryFolder, (folder) => {
    const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).status === 0
    return isMounted ? folder : null
  }),
  (folder) => Effect.sync(() => folder !== null && execFileSync("umount", [folder]))
)
const canMount = await Effect.runPromise(Effect.scoped(Effect.map(tinyDisk, (folder) => folder !== null)))

it.effect.skipIf(!canMount)(
  "a full disk keeps acknowledged batches and no part of another (needs the right to mount)",
  () =>
    Effect.gen(function* () {
      const path = `${yield* tinyDisk}/memory.db`
      const scope = makeScope("user")
      const { store } = yield* openStore({ path })
      const batch = (round: number) =>
        Array.from({ length: 50 }, (_, i) => makeRow(scope, `memory ${round} ${i}`, direction(i, DIMENSIONS)))
      let acknowledged = 0
      for (let error: MemoryError | null = null; error === null;) {
        error = yield* store.put({ scope, now: NOW, rows: batch(acknowledged) }).pipe(
          Effect.as(null),
          Effect.catch((failure) => Effect.succeed(failure))
        )
        if (error === null) acknowledged++
        else assertReason(error, "StorageFull", path)
      }
      assert.isAbove(acknowledged, 0)
      assert.strictEqual(yield* store.count({ scope, now: NOW, filter: ANY }), 50 * acknowledged)
      const result = yield* store.search({
        scope,
        now: NOW,
        parts: [{ vector: direction(1, DIMENSIONS) }],
        filter: ANY,
        limit: 5
      })
      assert.strictEqual(result.n, 50 * acknowledged)
    }).pipe(Effect.scoped)
)
