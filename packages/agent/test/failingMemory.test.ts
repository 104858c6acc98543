/* oxlint-disable vitest/no-standalone-expect -- the expectations run inside tests, in the callback of withAgent */
import { expect, it } from "@effect/vitest"
import { MemoryError, Unavailable } from "@keepsake/core"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { Agent, type AgentEvent, createAgent } from "../src/index.ts"
import { type Fault, listAll, METHODS, openMemory, serve } from "./support/fixtures.ts"
import { runInSteps } from "./support/runInSteps.ts"

const MODEL = "claude-sonnet-5-5"

const FAULTS: { readonly [name: string]: () => Effect.Effect<never, unknown> } = {
  down: () => Effect.fail(new MemoryError({ reason: new Unavailable({ message: "The store is down." }) })),
  hanging: () => Effect.never,
  throwing: () => Effect.die(new Error("a bug in the store"))
}

describe("a memory that fails", () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    for (const method of METHODS) {
      it(`${method} ${name}: the reply still comes`, async () => {
        const server = await serve(["Here I am.", "Still here."])
        const memory = await openMemory({ fault: (called) => (called === method ? fault() : undefined) })
        const session = createAgent({
          memory,
          client: server.client(),
          model: MODEL,
          memoryTimeoutMs: 40
        }).session({ userId: "ana", sessionId: "s" })
        const first = await session.send("Hello")
        expect(first.text).toBe("Here I am.")
        expect((await session.send("And again")).text).toBe("Still here.")
        // A write that needs the method is reported. On a slow machine, others may be reported as late.
        const isNeeded = method === "put" || method === "lastTurn"
        expect(!isNeeded || first.degraded.some(({ stage }) => stage === "write")).toBe(true)
      })
    }

    it(`everything ${name}: both stages are reported, without the user's words`, async () => {
      const server = await serve(["Here I am."])
      const memory = await openMemory({ fault: () => fault() })
      const events: Array<AgentEvent> = []
      const agent = createAgent({
        memory,
        client: server.client(),
        model: MODEL,
        memoryTimeoutMs: 40,
        onEvent: (event) => events.push(event)
      })
      const { degraded, recalled, text } = await agent.session({ userId: "ana" }).send("A secret thing")
      expect([text, recalled.text]).toEqual(["Here I am.", ""])
      expect(degraded.map(({ stage }) => stage)).toEqual(["recall", "write"])
      // The deprecated name holds the same.
      expect(degraded).toMatchObject([{ part: "recall" }, { part: "write" }])
      expect(JSON.stringify(degraded)).not.toContain("secret")
      expect(events.filter(({ type }) => type === "degraded")).toHaveLength(2)
    })
  }

  it("a client that throws synchronously: the reply still comes", async () => {
    const server = await serve(["Here I am."])
    const memory = await openMemory()
    const broken = {
      ...memory,
      for: (scope: { readonly userId: string }) =>
        new Proxy(memory.for(scope), {
          get: () => () => {
            throw new TypeError("not a function")
          }
        })
    }
    const { degraded, text } = await createAgent({
      memory: broken,
      client: server.client(),
      model: MODEL,
      memoryTimeoutMs: 40
    })
      .session({ userId: "ana" })
      .send("Hello")
    expect(text).toBe("Here I am.")
    expect(degraded.map(({ stage }) => stage)).toEqual(["recall", "write"])
  })

  interface Opened {
    readonly agent: Agent["Service"]
    readonly memory: Awaited<ReturnType<typeof openMemory>>
    readonly events: ReadonlyArray<AgentEvent>
  }

  const withAgent = Effect.fnUntraced(function* <A, E>(
    fault: Fault,
    use: (opened: Opened) => Effect.Effect<A, E>
  ) {
    const server = yield* Effect.promise(() => serve(() => "Here I am."))
    const memory = yield* Effect.promise(() => openMemory({ fault }))
    const events: Array<AgentEvent> = []
    const layer = Agent.layer({
      memory,
      client: server.client(),
      model: MODEL,
      onEvent: (event) => events.push(event)
    })
    return yield* Effect.provide(
      Effect.flatMap(Agent, (agent) => use({ agent, memory, events })),
      layer
    )
  })

  it.effect("a hanging store delays a turn by the timeout; the write is made when the store is back", () => {
    let isDown = true
    let putCount = 0
    return withAgent(
      (method) => {
        if (method === "put") putCount += 1
        return isDown ? Effect.never : undefined
      },
      ({ agent, memory }) =>
        Effect.gen(function* () {
          const session = yield* agent.session({ userId: "ana" })
          const start = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          const result = yield* runInSteps(session.send("Hello"), 100)
          const waitedMs = (yield* Effect.clockWith((clock) => clock.currentTimeMillis)) - start
          expect(result.degraded.map(({ reason, stage }) => [stage, reason])).toEqual([
            ["recall", "Timeout"],
            ["write", "Timeout"]
          ])
          // Virtual time advances while the real server answers, so the timeout is a lower bound.
          expect(waitedMs).toBeGreaterThanOrEqual(1_500)
          while (putCount === 0) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          isDown = false
          const [outcome] = yield* runInSteps(result.written, 5_000)
          expect(outcome).toMatchObject({ policy: "verbatim", status: "stored" })
          expect(outcome?.attempts).toBeGreaterThan(1)
          const rows = yield* Effect.promise(() => listAll(memory.for({ userId: "ana" })))
          expect(rows.map(({ content }) => content).toSorted()).toEqual(["Hello", "Here I am."])
        })
    )
  })

  it.effect("a write that always fails is reported, with the error, after bounded retries", () =>
    withAgent(
      (method) => (method === "put" ? FAULTS.down?.() : undefined),
      ({ agent, events }) =>
        Effect.gen(function* () {
          const session = yield* agent.session({ userId: "ana" })
          const result = yield* runInSteps(session.send("Hello"), 100)
          const [outcome] = yield* runInSteps(result.written, 1_000)
          expect(outcome).toMatchObject({
            status: "failed",
            attempts: 6,
            error: { _tag: "MemoryError", reason: { _tag: "Unavailable" } }
          })
          expect(events.filter(({ type }) => type === "writeRetry")).toHaveLength(5)
          expect(events.filter(({ type }) => type === "written")).toHaveLength(1)
        })
    )
  )

  it.effect("a retry after a lost answer does not write twice", () => {
    let writeCount = 0
    return withAgent(
      () => undefined,
      ({ agent, memory }) =>
        Effect.gen(function* () {
          const session = yield* agent.session({ userId: "ana" })
          const scoped = session.memory as { rememberExchange: typeof session.memory.rememberExchange }
          const original = scoped.rememberExchange.bind(scoped)
          scoped.rememberExchange = async (...args) => {
            const stored = await original(...args)
            if (writeCount++ === 0)
              throw new MemoryError({ reason: new Unavailable({ message: "The answer was lost." }) })
            return stored
          }
          const result = yield* runInSteps(session.send("Hello"), 100)
          const [outcome] = yield* runInSteps(result.written, 100)
          expect(outcome).toMatchObject({ status: "stored", attempts: 2 })
          const rows = yield* Effect.promise(() => listAll(memory.for({ userId: "ana" })))
          expect(rows).toHaveLength(2)
        })
    )
  })

  it.effect("forgetting everything makes queued writes void", () => {
    let isDown = true
    return withAgent(
      (method) => (method === "put" && isDown ? FAULTS.down?.() : undefined),
      ({ agent, memory }) =>
        Effect.gen(function* () {
          const session = yield* agent.session({ userId: "ana" })
          const result = yield* runInSteps(session.send("Forget me"), 100)
          yield* Effect.promise(() => memory.for({ userId: "ana" }).forgetAll())
          isDown = false
          const [outcome] = yield* runInSteps(result.written, 1_000)
          expect(outcome).toMatchObject({ status: "void", memories: [] })
          expect(yield* Effect.promise(() => listAll(memory.for({ userId: "ana" })))).toEqual([])
          yield* runInSteps(session.send("Hello again"), 100)
          expect(session.export().exchanges).toHaveLength(1)
        })
    )
  })

  it.effect("a full queue is reported at once", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() => serve(() => "Here I am."))
      const memory = yield* Effect.promise(() =>
        openMemory({ fault: (method) => (method === "put" ? Effect.never : undefined) })
      )
      const layer = Agent.layer({ memory, client: server.client(), model: MODEL, queueLimit: 1 })
      const second = yield* Effect.provide(
        Effect.gen(function* () {
          const session = yield* (yield* Agent).session({ userId: "ana" })
          yield* runInSteps(session.send("One"), 100)
          const result = yield* runInSteps(session.send("Two"), 100)
          return yield* result.written
        }).pipe(Effect.tap(() => Effect.forkDetach(TestClock.adjust("1 hour")))),
        layer
      )
      expect(second).toMatchObject([{ status: "failed", attempts: 0 }])
    })
  )
})
