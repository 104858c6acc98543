import { describe, expect, it } from "@effect/vitest"
import { inMemoryData, InMemoryStore } from "@keepsake/core"
import { LAWS, laws, storeLaws } from "@keepsake/core/testing"
import { Effect } from "effect"
import type { RunnerTask } from "vitest"

const fresh = Effect.sync(() => InMemoryStore.layerOf(inMemoryData()))

storeLaws("the in-memory store", fresh)

const EXCEPTED = "change > touches at the same time are all counted"

storeLaws("the in-memory store, with an exception", fresh, {
  operations: 50,
  exceptions: { [EXCEPTED]: "to see how one is registered" }
})

/** Names and modes of the cases under a suite of this file. */
const registered = (tasks: ReadonlyArray<RunnerTask>, suite: string) =>
  tasks
    .flatMap((task) => (task.type === "suite" && task.name === suite ? task.tasks : []))
    .map(({ mode, name }) => ({ mode, name }))

describe("the manifest", () => {
  it("names every law, in their order, each once", () => {
    expect(laws.map(({ name }) => name)).toEqual([...LAWS])
    expect(new Set(LAWS).size).toBe(LAWS.length)
  })

  it("is what storeLaws registers, and runs", ({ task }) => {
    const cases = registered(task.file.tasks, "the in-memory store")
    expect(cases.map(({ name }) => name)).toEqual([...LAWS])
    expect(cases.filter(({ mode }) => mode === "skip" || mode === "todo")).toEqual([])
  })

  it("shows an exception as skipped, with its reason", ({ task }) => {
    const skipped = registered(task.file.tasks, "the in-memory store, with an exception").filter(
      ({ mode }) => mode === "skip"
    )
    expect(skipped.map(({ name }) => name)).toEqual([`${EXCEPTED} (excepted: to see how one is registered)`])
  })

  it("knows no other exceptions", () => {
    const wrong = { exceptions: { "search > no such law": "none" } }
    // @ts-expect-error a name that is no law's is refused by the type as well
    expect(() => storeLaws("never registered", fresh, wrong)).toThrow("No such law: search > no such law")
    const empty = { exceptions: { [EXCEPTED]: " " } }
    expect(() => storeLaws("never registered", fresh, empty)).toThrow("reason")
  })
})
