import { assert, it } from "@effect/vitest"
import { HnswFile } from "@keepsake/backend-hnsw"
import { Effect } from "effect"
import { copyFileSync, rmSync } from "node:fs"
import { ask, damageValue, makeFile, makeRandom, readIds } from "./support/damagedFile.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

const FILES = 40

const countAll = (ids: ReadonlyMap<string, ReadonlyArray<string>>): number =>
  Array.from(ids.values()).flat().length

it.live("repair rebuilds what is derived, removes what is lost, and says which", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const intact = `${folder}/intact.db`
    yield* Effect.promise(() => makeFile(intact))
    const first = yield* Effect.promise(() => ask(intact, new Map()))
    const ids = readIds(first)
    assert.deepStrictEqual(yield* HnswFile.inspect(intact), [])
    const random = makeRandom(42)
    const totals = { rebuilt: 0, lost: 0 }
    for (let i = 0; i < FILES; i++) {
      const path = `${folder}/${i}.db`
      copyFileSync(intact, path)
      const place = damageValue(path, random)
      // The name of a scope and an entry are no memory.
      if (place.startsWith("scope") || place.startsWith("entry")) continue
      const damaged = yield* HnswFile.inspect(path)
      assert.strictEqual(damaged.length, 1, place)
      const { lost, rebuilt } = yield* HnswFile.repair(path)
      assert.deepStrictEqual([...lost, ...rebuilt], damaged, place)
      assert.deepStrictEqual(yield* HnswFile.inspect(path), [], place)
      const heard = yield* Effect.promise(() => ask(path, new Map()))
      assert.deepStrictEqual([heard.failed.size, heard.warnings], [0, []], place)
      assert.strictEqual(countAll(readIds(heard)), countAll(ids) - lost.length, place)
      totals.lost += lost.length
      totals.rebuilt += rebuilt.length
      for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true })
    }
    assert.isAbove(totals.lost, 0)
    assert.isAbove(totals.rebuilt, 0)
  }).pipe(Effect.scoped)
)

it.live("a backup of a file in use has what was acknowledged", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const path = `${folder}/memory.db`
    yield* Effect.promise(() => makeFile(path))
    const truth = yield* Effect.promise(() => ask(path, new Map()))
    yield* HnswFile.backUp(path, `${folder}/copy.db`)
    const heard = yield* Effect.promise(() => ask(`${folder}/copy.db`, new Map()))
    assert.deepStrictEqual(readIds(heard), readIds(truth))
    const missing = yield* Effect.flip(HnswFile.backUp(`${folder}/none.db`, `${folder}/copy.db`))
    assert.strictEqual(missing.reason._tag, "NotFound")
  }).pipe(Effect.scoped)
)
