import { assert, it } from "@effect/vitest"
import type { MemoryError } from "@keepsake/core/driver"
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

const failsWith = (error: MemoryError, tag: string, path: string): void => {
  assert.strictEqual(error.reason._tag, tag)
  assert.include(error.message, path)
}

it.effect.skipIf(process.platform === "win32")(
  "a new file, its log and its folder are its account's alone",
  () =>
    Effect.gen(function* () {
      const folder = `${yield* temporaryFolder}/made`
      const path = `${folder}/memory.db`
      const { store } = yield* openStore({ path })
      const scope = makeScope("user")
      yield* store.put({ scope, now: NOW, rows: [makeRow(scope, "private", direction(0, DIMENSIONS))] })
      assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
      for (const one of readdirSync(folder))
        assert.strictEqual(statSync(`${folder}/${one}`).mode & 0o777, 0o600)
    }).pipe(Effect.scoped)
)

it.effect("rights that were given to a file stay", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    yield* Effect.scoped(openStore({ path }))
    chmodSync(path, 0o640)
    yield* openStore({ path })
    assert.strictEqual(statSync(path).mode & 0o777, 0o640)
  }).pipe(Effect.scoped)
)

it.effect("a file that is no database is refused and left as it is", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/notes.txt`
    const text = "these are my notes, not a database\n".repeat(100)
    writeFileSync(path, text)
    failsWith(yield* Effect.flip(openStore({ path })), "Corrupt", path)
    assert.strictEqual(readFileSync(path, "utf8"), text)
  }).pipe(Effect.scoped)
)

it.effect("another program's database is refused and left as it is", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/other.db`
    const db = new DatabaseSync(path)
    db.exec("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    const before = readFileSync(path)
    failsWith(yield* Effect.flip(openStore({ path })), "Corrupt", path)
    assert.isTrue(before.equals(readFileSync(path)))
  }).pipe(Effect.scoped)
)

it.effect("a damaged file says which it is and what to do", () =>
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
    const damaged = Effect.gen(function* () {
      const { store } = yield* openStore({ path })
      return yield* store.search({ scope, now: NOW, vector: direction(1, DIMENSIONS), filter: {}, limit: 10 })
    })
    const error = yield* Effect.flip(damaged)
    failsWith(error, "Corrupt", path)
    assert.include(error.message, ".recover")
  }).pipe(Effect.scoped)
)

it.effect("a folder in the file's place, and a file in a folder's", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    mkdirSync(`${folder}/taken`)
    failsWith(yield* Effect.flip(openStore({ path: `${folder}/taken` })), "Unavailable", `${folder}/taken`)
    writeFileSync(`${folder}/file`, "")
    const path = `${folder}/file/memory.db`
    failsWith(yield* Effect.flip(openStore({ path })), "InvalidInput", path)
  }).pipe(Effect.scoped)
)

it.effect("options that make no sense are named", () =>
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

/** Root may write anywhere; another user may not. */
const asNobody = (path: string) =>
  spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, OPENER, path], {
    encoding: "utf8"
  })
const OPENER = new URL("../harness/opener.ts", import.meta.url).pathname
const canBeNobody = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0

it.skipIf(!canBeNobody)("a folder without the right to write: needs root and setpriv to try", () => {
  const folder = execFileSync("mktemp", ["-d", "/tmp/keepsake-readonly-XXXXXX"], { encoding: "utf8" }).trim()
  chmodSync(folder, 0o755)
  const { stdout } = asNobody(`${folder}/memory.db`)
  execFileSync("rm", ["-r", folder])
  assert.strictEqual(stdout, "Unauthorized\n")
})

/** A disk of one megabyte, for who may mount one. */
const tinyDisk = Effect.acquireRelease(
  Effect.map(temporaryFolder, (folder) => {
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).status === 0
    return mounted ? folder : null
  }),
  (folder) => Effect.sync(() => folder !== null && execFileSync("umount", [folder]))
)
const canMount = await Effect.runPromise(Effect.scoped(Effect.map(tinyDisk, (folder) => folder !== null)))

it.effect.skipIf(!canMount)(
  "a full disk (needs the right to mount) keeps what was acknowledged and no part more",
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
        else failsWith(error, "StorageFull", path)
      }
      assert.isAbove(acknowledged, 0)
      assert.strictEqual(yield* store.count({ scope, now: NOW, filter: {} }), 50 * acknowledged)
      const found = yield* store.search({
        scope,
        now: NOW,
        vector: direction(1, DIMENSIONS),
        filter: {},
        limit: 5
      })
      assert.strictEqual(found.n, 50 * acknowledged)
    }).pipe(Effect.scoped)
)
