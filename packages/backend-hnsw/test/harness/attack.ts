/**
 * Attacks the embedded store: processes killed while they write and while they erase, files damaged at random places,
 * and users who look for each other's memories. Prints what was done, and exits with 1 for anything wrong.
 *
 *     pnpm attack [--short]
 */
import { HnswStore } from "@keepsake/backend-hnsw"
import { AgentMemory, promiseClient, StoreFingerprint } from "@keepsake/core"
import { ANY } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { copyFileSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  ask,
  damageBytes,
  damageValue,
  findWrong,
  makeFile,
  makeRandom,
  type Random,
  readIds
} from "../support/damagedFile.ts"
import { COMMITS, killErasure, WAYS } from "../support/killedErasure.ts"
import { openStore } from "../support/openStore.ts"
import { makeScope, NOW } from "../support/rows.ts"
import { spawnWriter } from "../support/spawnWriter.ts"

const isShort = process.argv.includes("--short")
const KILLS = isShort ? 5 : 60
const DAMAGED_FILES = isShort ? 40 : 500
const OPERATIONS = isShort ? 2_000 : 50_000
const USERS = 8
const SEED = Number(process.env["KEEPSAKE_SEED"] ?? 20_261_127)

const wrong: Array<string> = []

const inFolder = async <A>(run: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "keepsake-attack-"))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const open = (path: string) =>
  promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(HnswStore.layer({ path, synchronous: "normal" })),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )

/** Kills erasures; how many were under way, and how many bytes were searched. */
const killErasures = async (random: Random) => {
  let [underWay, bytes] = [0, 0]
  for (let i = 0; i < KILLS; i++) {
    const way = WAYS[i % WAYS.length] ?? "user"
    const killed = await inFolder((folder) =>
      Effect.runPromise(killErasure(folder, way, 1 + random(COMMITS[way])))
    )
    if (killed.wasUnderWay) underWay++
    bytes += killed.bytesSearched
    wrong.push(...killed.wrong.map((what) => `kill of an erasure: ${what}`))
  }
  return { underWay, bytes }
}

const countShared = (path: string): Effect.Effect<number, unknown> =>
  Effect.scoped(
    Effect.flatMap(openStore({ path }), ({ store }) =>
      store.count({ scope: makeScope("shared"), now: NOW, filter: ANY })
    )
  )

/** Kills writers; how many acknowledged rows were looked for. */
const killWriters = async (random: Random): Promise<number> => {
  let rows = 0
  for (let i = 0; i < KILLS; i++) {
    rows += await inFolder(async (folder) => {
      const path = `${folder}/memory.db`
      let end = 0
      const writer = spawnWriter(path, "row", 0, 100_000, 0, ({ to }) => {
        if (end === 0) setTimeout(() => writer.child.kill("SIGKILL"), random(60))
        end = to
      })
      await writer.ended
      const found = await Effect.runPromise(countShared(path))
      if (found < end) wrong.push(`kill of a writer: ${found} of ${end} acknowledged rows are there`)
      return end
    })
  }
  return rows
}

/** Users write, recall, list and forget in turn, each text with its user's mark. */
const crossScopes = (random: Random): Promise<number> =>
  inFolder(async (folder) => {
    await using memory = await open(`${folder}/memory.db`)
    for (let i = 0; i < OPERATIONS; i++) {
      const name = `user${random(USERS)}`
      const user = memory.for({ userId: name })
      const number = random(50)
      const kind = random(10)
      const seen =
        kind < 4
          ? []
          : kind < 8
            ? (await user.recall(`what is fact ${number}?`)).map((found) => found.memory.content)
            : (await user.list({ limit: 20 })).rows.map(({ content }) => content)
      if (kind < 4) await user.remember(`fact ${number} belongs to ${name} alone, said in call ${i % 400}`)
      if (kind === 9 && random(40) === 0) await user.forgetAll()
      for (const content of seen)
        if (!content.includes(`to ${name} alone`)) wrong.push(`${name} saw: ${content}`)
    }
    return OPERATIONS
  })

/** Damages copies of a file; how many were noticed. */
const damageFiles = (random: Random): Promise<number> =>
  inFolder(async (folder) => {
    const intact = `${folder}/intact.db`
    await makeFile(intact)
    const ids = readIds(await ask(intact, new Map()))
    const truth = await ask(intact, ids)
    let noticed = 0
    for (let i = 0; i < DAMAGED_FILES; i++) {
      const path = `${folder}/damaged.db`
      copyFileSync(intact, path)
      const place = (i % 2 === 0 ? damageBytes : damageValue)(path, random)
      const heard = await ask(path, ids)
      if (heard.warnings.length > 0 || heard.failed.size > 0) noticed++
      wrong.push(...findWrong(truth, heard).map((what) => `${place}: ${what}`))
      for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true })
    }
    return noticed
  })

const random = makeRandom(SEED)
const rows = await killWriters(random)
console.log(`${KILLS} kills while writing: ${rows} acknowledged rows looked for`)
const { bytes, underWay } = await killErasures(random)
console.log(`${KILLS} kills while erasing (${underWay} under way): ${bytes} bytes searched for erased text`)
console.log(`${await crossScopes(random)} operations of ${USERS} users`)
console.log(
  `${DAMAGED_FILES} damaged files: ${await damageFiles(random)} noticed, the others answer as before`
)
console.log(wrong.length === 0 ? "Nothing wrong." : `Wrong:\n${wrong.slice(0, 50).join("\n")}`)
process.exitCode = wrong.length === 0 ? 0 : 1
