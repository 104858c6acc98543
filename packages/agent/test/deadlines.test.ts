/* oxlint-disable vitest/no-standalone-expect -- the expectations of an effect run inside its test */
import { expect, it } from "@effect/vitest"
import { MemoryError, Unavailable } from "@keepsake/core"
import { Effect, Fiber } from "effect"
import { describe } from "vitest"
import { Agent, type AgentEvent, facts, firstParagraph, summary, verbatim } from "../src/index.ts"
import { collect, createAgent, listAll, openMemory, serve } from "./support/fixtures.ts"
import { runInSteps } from "./support/runInSteps.ts"

const MODEL = "claude-sonnet-5-5"
const never = new Promise<void>(() => {})

describe("a turn's deadlines", () => {
  it("hold for a hung store whose tools the model calls", async () => {
    const server = await serve(({ body }) => {
      const step = body.messages.filter(({ role }) => role === "assistant").length
      return step < 3 ? { tools: [{ name: "recall", input: { query: "tea" } }] } : "I cannot look."
    })
    const memory = await openMemory({ fault: () => Effect.never })
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      memoryTools: true,
      memoryTimeoutMs: 300
    })
    const result = await agent.session({ userId: "ana" }).send("Tea?")
    expect(result.text).toBe("I cannot look.")
    const waits = result.toolCalls.map(
      ({ output }) => /recall did not answer within (\d+) ms/u.exec(output)?.[1]
    )
    expect(waits).toHaveLength(3)
    // The turn's own recall took nearly all of it.
    expect(waits.reduce((sum, ms) => sum + Number(ms), 0)).toBeLessThan(300)
    await agent.close({ deadlineMs: 50 })
  })

  it("a store that refuses at once does not hold up the reply", async () => {
    const server = await serve(() => "Here.")
    const memory = await openMemory({
      fault: () =>
        Effect.fail(new MemoryError({ reason: new Unavailable({ message: "The store is down." }) }))
    })
    const events: Array<AgentEvent> = []
    const onEvent = (event: AgentEvent) => events.push(event)
    const agent = createAgent({ memory, client: server.client(), model: MODEL, onEvent })
    const result = await agent.session({ userId: "ana" }).send("Hello")
    // Its last attempt is some seconds after the first.
    expect(events.some(({ type }) => type === "written")).toBe(false)
    expect(result.degraded.map(({ reason, stage }) => [stage, reason])).toEqual([
      ["recall", "Unavailable"],
      ["write", "Unavailable"]
    ])
    await agent.close({ deadlineMs: 50 })
  })

  it("a stream that falls silent fails, and the session goes on", async () => {
    let events = 0
    const server = await serve(() => ({
      text: "A long reply that falls silent",
      pace: () => (++events < 4 ? Promise.resolve() : never)
    }))
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      silenceTimeoutMs: 60
    }).session({ userId: "ana" })
    await expect(collect(session.stream("Hello"))).rejects.toMatchObject({
      isRetryable: true,
      reason: { _tag: "Unreachable", message: expect.stringContaining("silent for 60 ms") as string }
    })
    server.script(() => "Here.")
    expect((await session.send("Hello")).text).toBe("Here.")
    expect(server.requests.at(-1)?.body.messages).toHaveLength(1)
  })

  it.each([
    ["verbatim", verbatim({ awaited: false })],
    ["firstParagraph", firstParagraph({ awaited: false })],
    ["summary", summary({ model: "claude-haiku-5-5" })],
    ["facts", facts({ model: "claude-haiku-5-5" })]
  ])("a slow store does not hold up a policy that is not awaited: %s", async (_, writing) => {
    const server = await serve(() => "Here.")
    const memory = await openMemory()
    const gate = Promise.withResolvers<void>()
    const slow = {
      ...memory,
      for: (scope: { readonly userId: string }) => {
        const handle = memory.for(scope)
        for (const verb of ["remember", "rememberExchange", "rememberMany"] as const) {
          const call = (handle[verb] as (...args: ReadonlyArray<unknown>) => Promise<unknown>).bind(handle)
          Object.assign(handle, {
            [verb]: async (...args: ReadonlyArray<unknown>) => {
              await gate.promise
              return call(...args)
            }
          })
        }
        return handle
      }
    }
    const options = { memory: slow, client: server.client(), model: MODEL, writing }
    const agent = createAgent({ ...options, memoryTimeoutMs: 20_000 })
    const items = await collect(agent.session({ userId: "ana" }).stream("Hello"))
    // A write that the turn waits for is given up.
    expect(JSON.stringify(items)).not.toContain('"stage":"write"')
    gate.resolve()
    await agent.close({ deadlineMs: 1 })
  })
})

describe("close", () => {
  it("waits for the turn under way and for its write", async () => {
    const gate = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const server = await serve(async () => {
      asked.resolve()
      await gate.promise
      return "Here."
    })
    const memory = await openMemory()
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    const turn = agent.session({ userId: "ana" }).send("Hello")
    await asked.promise
    const closing = agent.close()
    gate.resolve()
    expect(await closing).toEqual({ unwritten: [] })
    expect((await turn).text).toBe("Here.")
    expect(await listAll(memory.for({ userId: "ana" }))).toHaveLength(2)
  })

  it.effect("ends behind a hung model within its deadline, and what was said is kept", () =>
    Effect.gen(function* () {
      const asked = Promise.withResolvers<void>()
      const server = yield* Effect.promise(() =>
        serve(async () => {
          asked.resolve()
          await never
          return ""
        })
      )
      const memory = yield* Effect.promise(() => openMemory())
      const closeInTurn = Effect.gen(function* () {
        const agent = yield* Agent
        const session = yield* agent.session({ userId: "ana" })
        const turn = yield* Effect.forkChild(Effect.flip(session.send("We move to Lisbon")))
        yield* Effect.promise(() => asked.promise)
        const report = yield* runInSteps(agent.close({ deadlineMs: 30_000 }), 10)
        return [report, yield* Fiber.join(turn)]
      })
      const options = { memory, client: server.client(), model: MODEL, memoryTimeoutMs: 600_000 }
      const [report, error] = yield* Effect.provide(closeInTurn, Agent.layer(options))
      expect(error).toMatchObject({ reason: { _tag: "AgentClosed" } })
      expect(report).toEqual({ unwritten: [] })
      const rows = yield* Effect.promise(() => listAll(memory.for({ userId: "ana" })))
      expect(rows.map(({ content }) => content)).toEqual(["We move to Lisbon"])
    })
  )

  it("reports what was not written, with its text", async () => {
    const server = await serve(() => "A fine town.")
    const memory = await openMemory({ fault: (method) => (method === "put" ? Effect.never : undefined) })
    const agent = createAgent({ memory, client: server.client(), model: MODEL, memoryTimeoutMs: 20 })
    await agent.session({ userId: "ana", sessionId: "s" }).send("We move to Lisbon")
    const report = await agent.close({ deadlineMs: 100 })
    expect(report.unwritten).toMatchObject([
      {
        userId: "ana",
        sessionId: "s",
        policy: "verbatim",
        user: "We move to Lisbon",
        assistant: "A fine town."
      }
    ])
    expect(await agent.close({ deadlineMs: 10 })).toMatchObject({ unwritten: [{ policy: "verbatim" }] })
  })

  it("refuses a deadline that is none", async () => {
    const agent = createAgent({ memory: await openMemory(), model: MODEL })
    await expect(agent.close({ deadlineMs: 0 })).rejects.toThrow(/deadlineMs/u)
  })
})
