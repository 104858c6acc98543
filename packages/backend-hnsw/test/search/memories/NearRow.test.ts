import { assert, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect } from "effect"
import { openStore } from "../../support/openStore.ts"
import { direction, DIMENSIONS, makeRow, makeScope, NOW } from "../../support/rows.ts"
import { temporaryFolder } from "../../support/temporaryFolder.ts"

const scope = makeScope("near")
const vector = direction(1, DIMENSIONS)

const rows = Array.from({ length: 8 }, (_, turn) =>
  makeRow(scope, `turn ${turn} of "s"`, vector, { sessionId: "s", turn, speaker: "Ann" })
)
const ids = rows.map(({ memory }) => memory.id)

it.live("an excerpt that is read late tells what was so at the call, whatever came after it", () =>
  Effect.gen(function* () {
    const { store } = yield* openStore({ path: `${yield* temporaryFolder}/memory.db` })
    yield* store.put({ scope, now: NOW, rows })
    const search = store.search({ scope, now: NOW, parts: [{ vector }], filter: ANY, limit: 5 })
    const around = store.around({
      scope,
      now: NOW,
      anchors: [{ sessionId: "s", turn: 3 }],
      radius: 2,
      parts: [{ vector }],
      filter: ANY
    })
    yield* search
    // With the second search, memories are kept.
    for (const asked of [1, 2]) {
      yield* search
      const near = yield* around
      yield* store.touch({ scope, ids, now: NOW + asked })
      const again = yield* around
      yield* store.remove({ scope, now: NOW + asked, target: { _tag: "Ids", ids } })
      assert.lengthOf(yield* around, 0)
      const told = (found: typeof near) => found.map(({ excerpt }) => excerpt.memory)
      assert.deepStrictEqual(
        told(near),
        rows.slice(1, 6).map(({ memory }) => memory)
      )
      assert.deepStrictEqual(
        told(again),
        rows.slice(1, 6).map(({ memory }) => ({ ...memory, accessCount: 1, lastAccessedAt: NOW + asked }))
      )
      yield* store.put({ scope, now: NOW, rows })
    }
  }).pipe(Effect.scoped)
)
