/* oxlint-disable vitest/no-standalone-expect -- it.effect is a test block */
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Tracer } from "effect"
import { Agent } from "../src/index.ts"
import { openMemory, serve } from "./support/fixtures.ts"

it.effect("each stage of a turn has a span without the user's words", () =>
  Effect.gen(function* () {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const server = yield* Effect.promise(() => serve(["A secret answer."]))
    const memory = yield* Effect.promise(() => openMemory())
    const layer = Agent.layer({ memory, client: server.client(), model: "claude-sonnet-5-5" }).pipe(
      Layer.provideMerge(Layer.succeed(Tracer.Tracer, tracer))
    )
    yield* Effect.provide(
      Effect.gen(function* () {
        const session = yield* (yield* Agent).session({ userId: "ana" })
        const { written } = yield* session.send("A secret question.")
        yield* written
      }),
      layer
    )
    const names = spans.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(["Agent.turn", "Agent.recall", "Agent.model", "Agent.write"])
    )
    const write = spans.find(({ name }) => name === "Agent.write")
    expect(write?.attributes.get("keepsake.write.status")).toBe("stored")
    const shown = JSON.stringify(spans.map(({ attributes, name }) => [name, ...attributes]))
    expect(shown).not.toContain("secret")
    expect(shown).not.toContain("ana")
  })
)
