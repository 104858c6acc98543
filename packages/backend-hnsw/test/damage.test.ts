import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { copyFileSync, rmSync } from "node:fs"
import {
  ask,
  damageBytes,
  damageValue,
  findWrong,
  type Heard,
  makeFile,
  makeRandom,
  readIds
} from "./support/damagedFile.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

const SEED = Number(process.env["KEEPSAKE_SEED"] ?? 20_261_127)

interface Attacked {
  readonly place: string
  readonly wrong: ReadonlyArray<string>
}

/** Damages copies of a file, one place each. */
const attack = async (folder: string, times: number, damage: typeof damageBytes) => {
  const intact = `${folder}/intact.db`
  await makeFile(intact)
  const first = await ask(intact, new Map())
  const ids = readIds(first)
  const truth = await ask(intact, ids)
  assert.deepStrictEqual([truth.failed.size, truth.warnings], [0, []])
  const random = makeRandom(SEED)
  const attacked: Array<Attacked> = []
  let noticed = 0
  for (let i = 0; i < times; i++) {
    const path = `${folder}/damaged.db`
    copyFileSync(intact, path)
    const place = damage(path, random)
    const heard: Heard = await ask(path, ids)
    if (heard.warnings.length > 0 || heard.failed.size > 0) noticed++
    const wrong = findWrong(truth, heard)
    if (wrong.length > 0) attacked.push({ place, wrong: wrong.slice(0, 3) })
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true })
  }
  return { attacked, noticed }
}

const TIMES = Number(process.env["KEEPSAKE_DAMAGED_FILES"] ?? 60)

it.live("a value that was changed is never an answer", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const { attacked, noticed } = yield* Effect.promise(() => attack(folder, TIMES, damageValue))
    assert.strictEqual(JSON.stringify(attacked, null, 1), "[]")
    assert.isAbove(noticed, TIMES / 2)
  }).pipe(Effect.scoped)
)

it.live("bytes of the file that were changed are never a wrong answer in silence", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const { attacked, noticed } = yield* Effect.promise(() => attack(folder, TIMES, damageBytes))
    assert.strictEqual(JSON.stringify(attacked, null, 1), "[]")
    assert.isAbove(noticed, TIMES / 4)
  }).pipe(Effect.scoped)
)
