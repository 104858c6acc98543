import { assert, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { openStore } from "../support/openStore.ts"
import { DIMENSIONS, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const KILLS = Number(process.env["KEEPSAKE_ERASE_KILLS"] ?? 5)
const SCRIPT = new URL("../harness/erasingUser.ts", import.meta.url).pathname

/** Kills a process some time after it began to erase; whether it had ended before. */
const eraseUntilKilled = (path: string, afterMs: number): Effect.Effect<boolean> =>
  Effect.promise(
    () =>
      new Promise<boolean>((resolve) => {
        const child = spawn(process.execPath, [SCRIPT, path], { stdio: ["ignore", "pipe", "inherit"] })
        let output = ""
        child.stdout.on("data", (chunk) => {
          if (output === "") setTimeout(() => child.kill("SIGKILL"), afterMs)
          output += String(chunk)
        })
        child.on("close", () => resolve(output.includes("erased")))
      })
  )

/** How often a text is in the bytes of any file of a folder. */
const countInFiles = (folder: string, text: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { name, parentPath }) =>
        sum + readFileSync(join(parentPath, name)).toString("latin1").split(text).length - 1,
      0
    )

const USER = "erased"

it.live(
  `an erasure that is killed is finished by the next open, in ${KILLS} kills`,
  () =>
    Effect.gen(function* () {
      const random = makeRandom(20_261_127)
      let interrupted = 0
      for (let i = 0; i < KILLS; i++) {
        yield* Effect.gen(function* () {
          const folder = yield* temporaryFolder
          const ended = yield* eraseUntilKilled(`${folder}/memory.db`, random.int(60))
          const before = countInFiles(folder, `TEXT of ${USER}`)
          if (!ended && before > 0) interrupted++
          const { admin, store } = yield* openStore({ path: `${folder}/memory.db` }, DIMENSIONS)
          const counts = yield* Effect.forEach(["one", "two"], (agentId) =>
            store.count({ scope: { ...makeScope(USER), agentId }, now: NOW, filter: ANY, lifetime: "any" })
          )
          const left = counts.reduce((sum, count) => sum + count, 0)
          // It had not begun, or it is over.
          assert.include([0, 1_500], left)
          if (left === 0) assert.strictEqual(countInFiles(folder, `TEXT of ${USER}`), 0)
          const receipt = yield* admin.eraseUser({ userId: USER })
          assert.deepStrictEqual(
            [receipt.removed, receipt.bytes],
            [left, left === 0 ? "untouched" : "erased"]
          )
          assert.strictEqual(countInFiles(folder, `TEXT of ${USER}`), 0)
          const kept = yield* store.count({
            scope: { ...makeScope("kept"), agentId: "two" },
            now: NOW,
            filter: ANY
          })
          assert.strictEqual(kept, 750)
        }).pipe(Effect.scoped)
      }
      assert.isAbove(interrupted, 0)
    }),
  60_000 + KILLS * 5_000
)
