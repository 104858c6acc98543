import { HnswStore } from "@keepsake/backend-hnsw"
import { MemoryStore, termId } from "@keepsake/core/driver"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { DIMENSIONS, fingerprintLayer, NOW, makeScope } from "../support/rows.ts"
import { type Acknowledged, spawnWriter } from "../support/spawnWriter.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const WRITES = Number(process.env["KEEPSAKE_WRITES"] ?? 300)
/** Every so many acknowledgements the observer looks whether it sees the write. */
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
        /** The newest write is in the index of this process: found by its words, whoever wrote it. */
        const look = (name: string, { to }: Acknowledged) =>
          Effect.runPromise(
            Effect.map(
              store.search({
                scope,
                now: NOW,
                terms: Uint32Array.of(numberTerm(to - 1)),
                filter: {},
                limit: 4
              }),
              ({ hits }) =>
                assert.include(
                  hits.map((hit) => hit.memory.content),
                  `${name} ${to - 1}`
                )
            )
          )
        const write = (name: string) => {
          const told: Array<Acknowledged> = []
          const { ended } = spawnWriter(path, name, 0, WRITES, 1, (one) => {
            if (told.push(one) % LOOK_EVERY === 0) looks.push(look(name, one))
          })
          return ended.then((code) => ({ code, told }))
        }
        const both = yield* Effect.promise(() => Promise.all([write("left"), write("right")]))
        for (const { code, told } of both) {
          assert.strictEqual(code, 0)
          assert.strictEqual(told.length, WRITES)
        }
        yield* Effect.promise(() => Promise.all(looks))
        assert.strictEqual(looks.length, 2 * Math.floor(WRITES / LOOK_EVERY))
        assert.strictEqual(yield* store.count({ scope, now: NOW, filter: {} }), 2 * WRITES)
      }).pipe(
        Effect.scoped,
        Effect.provide(HnswStore.layer({ path, synchronous: "normal" })),
        Effect.provide(fingerprintLayer(DIMENSIONS))
      )
    }).pipe(Effect.scoped),
  60_000 + WRITES * 60
)
