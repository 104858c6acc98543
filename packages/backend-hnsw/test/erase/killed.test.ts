import { assert, it } from "@effect/vitest"
import { makeRandom } from "@keepsake/core/testing"
import { Effect } from "effect"
import { killErasure } from "../support/killedErasure.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const KILLS = Number(process.env["KEEPSAKE_ERASE_KILLS"] ?? 5)

it.live(
  `an erasure that is killed is finished by the next open, in ${KILLS} kills`,
  () =>
    Effect.gen(function* () {
      const random = makeRandom(20_261_127)
      let underWay = 0
      for (let i = 0; i < KILLS; i++) {
        const killed = yield* Effect.scoped(
          Effect.flatMap(temporaryFolder, (folder) => killErasure(folder, random.int(60)))
        )
        assert.deepStrictEqual(killed.wrong, [])
        if (killed.wasUnderWay) underWay++
      }
      assert.isAbove(underWay, 0)
    }),
  60_000 + KILLS * 5_000
)
