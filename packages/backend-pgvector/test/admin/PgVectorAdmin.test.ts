import { fingerprint, STORE_CLOSED, STORE_MOVED } from "@keepsake/core/driver"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { expectFailure, freshOnPGlite, open } from "../support/servers.ts"

describe("PgVectorAdmin", () => {
  it.effect("is refused once the store is closed", () =>
    Effect.gen(function* () {
      const { admin, pg } = yield* open(yield* freshOnPGlite())
      yield* admin.close
      const error = yield* expectFailure(pg.eraseBytes)
      assert.deepStrictEqual([error.reason._tag, error.message], ["Closed", STORE_CLOSED])
    })
  )

  it.effect("is refused once the store has moved to another space", () =>
    Effect.gen(function* () {
      const { admin, pg } = yield* open(yield* freshOnPGlite())
      yield* admin.stage(fingerprint(null))
      yield* admin.commitStage
      const error = yield* expectFailure(pg.eraseBytes)
      assert.deepStrictEqual([error.reason._tag, error.message], ["Closed", STORE_MOVED])
    })
  )
})
