import { storeLaws } from "@keepsake/core/testing"
import { Effect } from "effect"
import { loadHnswlib } from "../../src/graph/hnswlib.ts"
import { makeLayer } from "../../src/HnswStore.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"
import { describe, it } from "vitest"

const name = "the embedded store, scopes of 50 rows or more through a graph"

// The laws' larger scopes are searched through hnswlib-node; laws about exactness pass `exact`.
if ((await loadHnswlib()) === null) {
  describe(name, () => {
    it.skip("hnswlib-node is not compiled: run `node scripts/build-hnswlib.ts`", () => {})
  })
} else {
  storeLaws(
    name,
    Effect.map(temporaryFolder, (folder) =>
      makeLayer({ path: `${folder}/memory.db`, synchronous: "normal", graphFromRows: 50 }, true)
    )
  )
}
