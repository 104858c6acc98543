/** The file is removed, replaced or linked while it is open. */
import { assert, it } from "@effect/vitest"
import { ANY, type MemoryError } from "@keepsake/core/driver"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { fileURLToPath } from "node:url"
import { startCheckpointThread } from "../../src/connection/checkpointThread.ts"
import { GraphFile } from "../../src/graph/GraphFile.ts"
import { readIdentity } from "../../src/schema/fileState.ts"
import { DIMENSIONS, direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { openStore } from "../support/openStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const scope = makeScope("ana")

type Open = Effect.Success<ReturnType<typeof openStore>>

const put = ({ store }: Open, content: string) =>
  store.put({ scope, now: NOW, rows: [makeRow(scope, content, direction(1, DIMENSIONS))] })

const count = ({ store }: Open) => store.count({ scope, now: NOW, filter: ANY })

const assertReplaced = (error: MemoryError, path: string): void => {
  assert.strictEqual(error.reason._tag, "Closed")
  assert.include(error.message, `The memory file ${path}, or its log, was removed or replaced`)
}

/** A store of its own, closed, with one row. */
const writeOther = (path: string) =>
  Effect.scoped(Effect.flatMap(openStore({ path }), (opened) => put(opened, "of the other file")))

const onUnix = it.effect.skipIf(process.platform === "win32")

for (const [name, replace] of [
  ["removed", (path: string) => [path, `${path}-wal`, `${path}-shm`].forEach((file) => rmSync(file))],
  ["moved away", (path: string) => renameSync(path, `${path}.old`)],
  ["replaced by another store", (path: string, other: string) => renameSync(other, path)]
] as const) {
  onUnix(`a write fails by name once the file is ${name}`, () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = `${folder}/memory.db`
      const other = `${folder}/other.db`
      yield* writeOther(other)
      const opened = yield* openStore({ path })
      for (let i = 0; i < 20; i++) yield* put(opened, `before ${i}`)
      replace(path, other)
      assertReplaced(yield* Effect.flip(put(opened, "after")), path)
      // Nothing later is acknowledged or answered either.
      assertReplaced(yield* Effect.flip(put(opened, "later")), path)
      assertReplaced(yield* Effect.flip(count(opened)), path)
      yield* opened.admin.close
      if (name !== "replaced by another store") return
      // The file that took the place is as it was, since the old log was not applied to it.
      rmSync(`${path}-wal`, { force: true })
      rmSync(`${path}-shm`, { force: true })
      assert.strictEqual(yield* count(yield* openStore({ path })), 1)
    }).pipe(Effect.scoped)
  )
}

onUnix("a write fails once the log is gone, as another SQLite library's locks may cause", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const opened = yield* openStore({ path })
    yield* put(opened, "before")
    rmSync(`${path}-wal`)
    rmSync(`${path}-shm`)
    assertReplaced(yield* Effect.flip(put(opened, "after")), path)
  }).pipe(Effect.scoped)
)

onUnix("a file that took the place of an open one is opened beside it, and the old handle is closed", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/memory.db`
    yield* writeOther(`${folder}/other.db`)
    const old = yield* openStore({ path })
    for (let i = 0; i < 600; i++) yield* put(old, `row ${i}`)
    renameSync(`${folder}/other.db`, path)
    for (const end of ["-wal", "-shm"]) renameSync(`${path}${end}`, `${folder}/old${end}`)
    const opened = yield* openStore({ path })
    assertReplaced(yield* Effect.flip(put(old, "lost")), path)
    yield* put(opened, "kept")
    assert.strictEqual(yield* count(opened), 2)
  }).pipe(Effect.scoped)
)

it.live("the thread of checkpoints does not touch a file that took the place", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/memory.db`
    const opened = yield* openStore({ path })
    yield* put(opened, "before")
    const identity = readIdentity(path)
    renameSync(path, `${folder}/old.db`)
    yield* writeOther(`${folder}/other.db`)
    renameSync(`${folder}/other.db`, path)
    const shared = statSync(`${path}-shm`).size
    yield* Effect.callback<void>((resume) => {
      const onEnd = () => resume(Effect.void)
      startCheckpointThread({ identity, path }, { onDone: () => resume(Effect.die("it ran")), onEnd })
    })
    // Emptied, it would end this process by SIGBUS.
    assert.strictEqual(statSync(`${path}-shm`).size, shared)
  }).pipe(Effect.scoped)
)

it.live("a relative path is resolved once, when the store is opened", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const other = `${folder}/elsewhere`
    mkdirSync(other)
    const harness = fileURLToPath(new URL("../harness/changeFolder.ts", import.meta.url))
    const output = execFileSync(process.execPath, [harness, other], { cwd: folder, encoding: "utf8" })
    assert.deepStrictEqual(JSON.parse(output), { removed: 3_000, bytes: "erased" })
    assert.deepStrictEqual(readdirSync(other), [])
    assert.isFalse(readFileSync(`${folder}/memory.db`).includes("memory 2"))
  }).pipe(Effect.scoped)
)

onUnix("graphs are beside the file that a link names, and are for the account alone", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const real = `${folder}/real.db`
    const link = `${folder}/link.db`
    yield* writeOther(real)
    symlinkSync(real, link)
    const graphs = `${real}-graphs`
    mkdirSync(graphs, { mode: 0o755 })
    const file = new GraphFile(real, 1)
    const header = {
      store: "",
      dimensions: DIMENSIONS,
      generation: 1,
      count: 1,
      through: 0,
      vectors: "",
      removed: 0
    }
    yield* Effect.promise(() => file.replace((temporary) => writeFileSync(temporary, "vectors"), header))
    assert.strictEqual(statSync(graphs).mode & 0o777, 0o700)
    for (const name of readdirSync(graphs))
      assert.strictEqual(statSync(`${graphs}/${name}`).mode & 0o777, 0o600)
    assert.deepStrictEqual(readdirSync(graphs).sort(), ["1.hnsw", "1.json"])
    // As the version before left them.
    mkdirSync(`${link}-graphs`)
    writeFileSync(`${link}-graphs/1.hnsw`, "vectors")
    const opened = yield* openStore({ path: link })
    assert.isFalse(existsSync(`${link}-graphs`))
    const { bytes } = yield* opened.store.remove({ scope, now: NOW, target: { _tag: "All" } })
    assert.strictEqual(bytes, "erased")
    assert.deepStrictEqual(readdirSync(graphs), [])
  }).pipe(Effect.scoped)
)

onUnix("a link to a file that is not there creates none", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    symlinkSync(`${folder}/target.db`, `${folder}/memory.db`)
    const { reason } = yield* Effect.flip(openStore({ path: `${folder}/memory.db` }))
    assert.strictEqual(reason._tag, "InvalidInput")
    assert.include(reason.message, "is a link to a file that is not there")
    assert.isFalse(existsSync(`${folder}/target.db`))
  }).pipe(Effect.scoped)
)

onUnix("a folder that the system cannot make is refused at once", () =>
  Effect.gen(function* () {
    const { reason } = yield* Effect.flip(openStore({ path: "/proc/nope/memory.db" }))
    assert.strictEqual(reason._tag, "InvalidInput")
    assert.include(reason.message, "/proc/nope/memory.db")
  }).pipe(Effect.scoped)
)
