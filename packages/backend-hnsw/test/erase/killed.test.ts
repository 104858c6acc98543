import { assert, it } from "@effect/vitest"
import { makeRandom } from "@keepsake/core/testing"
import { Effect } from "effect"
import { COMMITS, killErasure, WAYS } from "../support/killedErasure.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const KILLS = Number(process.env["KEEPSAKE_ERASE_KILLS"] ?? 2)

it.live.each(WAYS)(
  `an erasure (%s) that is killed is finished by the next open, in ${KILLS} kills`,
  (way) =>
    Effect.gen(function* () {
      const random = makeRandom(20_261_127)
      let underWay = 0
      for (let i = 0; i < KILLS; i++) {
        const killed = yield* Effect.scoped(
          Effect.flatMap(temporaryFolder, (folder) =>
            killErasure(folder, way, i === 0 ? COMMITS[way] : 1 + random.int(COMMITS[way]))
          )
        )
        assert.deepStrictEqual(killed.wrong, [])
        if (killed.wasUnderWay) underWay++
      }
      assert.isAbove(underWay, 0)
    }),
  300_000 + KILLS * 5_000
)
