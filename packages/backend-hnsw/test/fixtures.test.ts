import { assert, describe, it } from "@effect/vitest"
import { HnswStore } from "@keepsake/backend-hnsw"
import { Effect } from "effect"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assertSameAnswers, firstVersionTests } from "../../core/test/support/firstVersion.ts"
import { makeLayer } from "../src/HnswStore.ts"
import { restoreFixture } from "./support/restoreFixture.ts"

const folder = join(import.meta.dirname, "fixtures", "first-version")
/** From which the fixture's graph was built. */
const GRAPH_FROM_ROWS = 50

firstVersionTests("the embedded store", folder, (files) =>
  Effect.map(restoreFixture(files), ({ format, path }) => ({
    layer: HnswStore.layer({ path, synchronous: "normal" }),
    format
  }))
)

describe("the embedded store, of the first version, with a graph beside it", () => {
  // Where hnswlib-node is not compiled, the scan answers.
  it.effect("answers as it did, through the graph too", () =>
    Effect.gen(function* () {
      const files = join(folder, "vectors")
      const { format, path } = yield* restoreFixture(files)
      assert.isNotEmpty(readdirSync(`${path}-graphs`))
      const layer = makeLayer({ path, synchronous: "normal", graphFromRows: GRAPH_FROM_ROWS }, true)
      yield* assertSameAnswers({ layer, format }, files, ({ method, request }) => {
        const { exact: _, ...relaxed } = request
        return { method, request: relaxed }
      })
    }).pipe(Effect.scoped)
  )
})
