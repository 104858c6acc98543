import { HnswStore } from "@keepsake/backend-hnsw"
import { ANY, MemoryStore, termId } from "@keepsake/core/driver"
import { find } from "@keepsake/core/conformance"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { DIMENSIONS, fingerprintLayer, NOW, makeScope } from "../support/rows.ts"
import { type Acknowledged, spawnWriter } from "../support/spawnWriter.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const WRITES = Number(process.env["KEEPSAKE_WRITES"] ?? 300)
/** Acknowledgements between two looks of the observer. */
const LOOK_EVERY = 25

it.live(
  `two processes write ${WRITES} memories each; a third sees each as soon as it is acknowledged`,
  () =>
    Effect.gen(function* () {
      const path = `${yield* temporaryFolder}/memory.db`
      yield* Effect.gen(function* () {
        const store = yield* MemoryStore
        const scope = makeScope("shared")
        const numberTerm = (i: number) => termId(String(i))
        const looks: Array<Promise<void>> = []
        /** Searches for the newest write by its terms: the index of this process must show it. */
        const look = (name: string, { to }: Acknowledged) =>
          Effect.runPromise(
            Effect.map(
              find(store, { scope, now: NOW, terms: Uint32Array.of(numberTerm(to - 1)), limit: 4 }),
              ({ hits }) =>
                assert.include(
                  hits.map((hit) => hit.memory.content),
                  `${name} ${to - 1}`
                )
            )
          )
        const write = (name: string) => {
          const acknowledged: Array<Acknowledged> = []
          const { ended } = spawnWriter(path, name, 0, WRITES, 1, (batch) => {
            if (acknowledged.push(batch) % LOOK_EVERY === 0) looks.push(look(name, batch))
          })
          return ended.then((code) => ({ code, acknowledged }))
        }
        const both = yield* Effect.promise(() => Promise.all([write("left"), write("right")]))
        for (const { acknowledged, code } of both) {
          assert.strictEqual(code, 0)
          assert.strictEqual(acknowledged.length, WRITES)
        }
        yield* Effect.promise(() => Promise.all(looks))
        assert.strictEqual(looks.length, 2 * Math.floor(WRITES / LOOK_EVERY))
        assert.strictEqual(yield* store.count({ scope, now: NOW, filter: ANY }), 2 * WRITES)
      }).pipe(
        Effect.scoped,
        Effect.provide(HnswStore.layer({ path, synchronous: "normal" })),
        Effect.provide(fingerprintLayer(DIMENSIONS))
      )
    }).pipe(Effect.scoped),
  60_000 + WRITES * 60
)
