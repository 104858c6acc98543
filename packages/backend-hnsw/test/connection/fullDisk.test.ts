import { assert, it } from "@effect/vitest"
import { ANY, type MemoryError } from "@keepsake/core/driver"
import { Effect } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { DIMENSIONS, direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { openStore } from "../support/openStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

/** A disk of this many megabytes; null without the right to mount. */
const smallDisk = (megabytes: number) =>
  Effect.acquireRelease(
    Effect.map(temporaryFolder, (folder) => {
      const args = ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]
      return spawnSync("mount", args).status === 0 ? folder : null
    }),
    (folder) => Effect.sync(() => folder !== null && execFileSync("umount", ["--lazy", folder]))
  )
const canMount = await Effect.runPromise(Effect.scoped(Effect.map(smallDisk(1), (folder) => folder !== null)))

const scope = makeScope("ana")
const OTHER = makeScope("bo")

for (const megabytes of [8, 24]) {
  it.effect.skipIf(!canMount)(
    `what should be forgotten is forgotten on a full disk of ${megabytes} MB (needs the right to mount)`,
    () =>
      Effect.gen(function* () {
        const folder = (yield* smallDisk(megabytes)) ?? ""
        const path = `${folder}/memory.db`
        const { store } = yield* openStore({ path })
        assert.isTrue(existsSync(`${path}-reserve`))
        const secrets = Array.from({ length: 40 }, (_, i) =>
          makeRow(scope, `the secret ${i} ${"of Ana ".repeat(60)}`, direction(i, DIMENSIONS))
        )
        yield* store.put({ scope, now: NOW, rows: secrets })
        let failure: MemoryError | null = null
        for (let round = 0; failure === null; round++) {
          const rows = Array.from({ length: 20 }, (_, i) =>
            makeRow(OTHER, `filler ${round} ${i} ${"x".repeat(2_000)}`, direction(i, DIMENSIONS))
          )
          failure = yield* store.put({ scope: OTHER, now: NOW, rows }).pipe(
            Effect.as(null),
            Effect.catch((error) => Effect.succeed(error))
          )
        }
        assert.strictEqual(failure.reason._tag, "StorageFull")
        // Another program takes the rest, to the last byte.
        spawnSync("dd", ["if=/dev/zero", `of=${folder}/other`, "bs=4k"])
        assert.throws(() => writeFileSync(`${folder}/more`, "more"), /ENOSPC/u)
        const receipt = yield* store.remove({ scope, now: NOW, target: { _tag: "All" } })
        assert.deepInclude(receipt, { removed: 40, bytes: "erased" })
        for (const end of ["", "-wal"]) assert.isFalse(readFileSync(`${path}${end}`).includes("the secret"))
        assert.strictEqual(yield* store.count({ scope, now: NOW, filter: ANY }), 0)
        assert.isAbove(yield* store.count({ scope: OTHER, now: NOW, filter: ANY }), 0)
      }).pipe(Effect.scoped)
  )
}

it.effect("a roomy disk has no reserve beside the store, and drops one of fuller times", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    writeFileSync(`${path}-reserve`, "")
    const { store } = yield* openStore({ path })
    yield* store.put({ scope, now: NOW, rows: [makeRow(scope, "a memory", direction(1, DIMENSIONS))] })
    assert.isFalse(existsSync(`${path}-reserve`))
  }).pipe(Effect.scoped)
)
