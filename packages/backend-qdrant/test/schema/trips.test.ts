import { once } from "node:events"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import { setImmediate } from "node:timers/promises"
import { assert, it } from "@effect/vitest"
import { AgentMemory } from "@keepsake/core"
import { StoreFingerprint } from "@keepsake/core/driver"
import { Effect, Layer } from "effect"
import { QdrantStore } from "../../src/index.ts"
import { openStore } from "../support/openStore.ts"
import { startStandIn } from "../support/standIn.ts"

/** Requests that arrive within so many turns of the event loop of each other, before any is answered, are one trip. */
const QUIET_TURNS = 2_000

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

/** A way to a server that answers nothing before everything that is asked at once has arrived, and counts those times. */
const tripProxy = (target: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const counted = { trips: 0, url: "" }
      let waiting: Array<() => void> = []
      let arrived = 0
      const server = createServer((incoming, outgoing) => {
        const { headers, method, url = "/" } = incoming
        void buffer(incoming).then((body) => {
          waiting.push(() => {
            const passed = request(new URL(url, target), { method, headers }, (answer) => {
              outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
              answer.pipe(outgoing)
            })
            passed.end(body)
          })
          const last = ++arrived
          void turns(QUIET_TURNS).then(() => {
            if (arrived !== last) return
            counted.trips++
            const all = waiting
            waiting = []
            for (const pass of all) pass()
          })
        })
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      counted.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return { counted, server }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        await new Promise((done) => server.close(done))
      })
  )

for (const readOnly of [false, true]) {
  it.live(`opening a store that exists takes two trips${readOnly ? ", read-only too" : ""}`, () =>
    Effect.gen(function* () {
      const standIn = yield* startStandIn()
      yield* Effect.scoped(openStore({ url: standIn.url }))
      const { counted } = yield* tripProxy(standIn.url)
      yield* Effect.scoped(openStore({ url: counted.url, readOnly }))
      assert.strictEqual(counted.trips, 2)
    })
  )
}

it.live("the first recall of a process then takes three", () =>
  Effect.gen(function* () {
    const standIn = yield* startStandIn()
    const open = (url: string) =>
      Effect.gen(function* () {
        const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
          Layer.provide(QdrantStore.layer({ url, accessCounts: false })),
          Layer.provide(StoreFingerprint.wordsOnly)
        )
        const memories = yield* AgentMemory.pipe(Effect.provideContext(yield* Layer.build(layer)))
        return yield* memories.for({ agentId: "a", userId: "u" })
      })
    yield* Effect.scoped(
      Effect.flatMap(open(standIn.url), (memory) =>
        memory.rememberExchange({
          sessionId: "s",
          user: "The crates go to Oslo by rail.",
          assistant: "Oslo, by rail."
        })
      )
    )
    const { counted } = yield* tripProxy(standIn.url)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const memory = yield* open(counted.url)
        assert.strictEqual(counted.trips, 2)
        const found = yield* memory.recall("Where do the crates go?")
        assert.strictEqual(found[0]?.memory.content, "The crates go to Oslo by rail.")
        assert.strictEqual(counted.trips, 2 + 3)
      })
    )
  })
)
