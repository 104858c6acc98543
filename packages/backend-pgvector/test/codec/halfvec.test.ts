/** Half-precision vectors: the same answers, cosines to about three digits. */
import { ANY, type SearchHit } from "@keepsake/core/driver"
import { rowBuilder, storeLaws, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { DIMENSIONS, freshOnPGlite, freshOnServer, open, serverUrl } from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)

describe("halfvec", () => {
  it.effect("ranks like full precision, and returns its vectors", () =>
    Effect.gen(function* () {
      const [half, full] = [
        yield* open(yield* freshOnPGlite({ halfvec: true })),
        yield* open(yield* freshOnPGlite())
      ]
      const rows = Array.from({ length: 50 }, (_, i) => row(`row ${i}`))
      yield* half.store.put({ scope, now: T0, rows })
      yield* full.store.put({ scope, now: T0, rows })
      const parts = [{ vector: row("query").passages[0].vector! }]
      const request = { scope, now: T0, parts, filter: ANY, limit: 10 }
      const cosines = (hits: ReadonlyArray<SearchHit>) =>
        new Map(hits.map((hit) => [hit.facts.id, hit.parts[0]?.cosine ?? 0]))
      const halfCosines = cosines((yield* half.store.search(request)).hits)
      const fullCosines = cosines((yield* full.store.search(request)).hits)
      assert.sameMembers([...halfCosines.keys()], [...fullCosines.keys()])
      for (const [id, cosine] of halfCosines) assert.closeTo(cosine, fullCosines.get(id) ?? 0, 2e-3)
      const page = yield* half.store.listRows({ scope, now: T0, filter: ANY, limit: 50 })
      assert.isTrue(page.rows.every(({ passages }) => passages[0].vector?.length === DIMENSIONS))
    })
  )
})

const [place, fresh] = serverUrl === undefined ? ["PGlite", freshOnPGlite] : ["a server", freshOnServer]
storeLaws(`pgvector with halfvec on ${place}`, fresh({ halfvec: true }), { epsilon: 2e-3 })
