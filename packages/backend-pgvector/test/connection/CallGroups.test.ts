/** Calls of one key that wait for each other: who is made with whom, and who gets which answer. */
import { MemoryError, Unavailable, Unsupported } from "@keepsake/core/driver"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { CallGroups } from "../../src/connection/CallGroups.ts"

const refused = new MemoryError({ reason: new Unsupported({ message: "Refused." }) })
const broken = new MemoryError({ reason: new Unavailable({ message: "Broken." }) })

/** Calls by number, which end when `open` says so. */
const makeGroups = (
  options: { readonly failing?: ReadonlyMap<number, MemoryError>; readonly most?: number } = {}
) => {
  const made: Array<ReadonlyArray<number>> = []
  const gates: Array<Deferred.Deferred<void>> = []
  const callTogether = (requests: ReadonlyArray<number>) =>
    Effect.suspend(() => {
      made.push(requests)
      const gate = Deferred.makeUnsafe<void>()
      gates.push(gate)
      const error = requests
        .map((request) => options.failing?.get(request))
        .find((found) => found !== undefined)
      const answers = requests.map((request) => `answer ${request}`)
      return Effect.uninterruptible(
        Effect.andThen(
          Deferred.await(gate),
          error === undefined ? Effect.succeed(answers) : Effect.fail(error)
        )
      )
    })
  const groups = new CallGroups<number, string>({
    takesTurns: (request) => request < 100,
    choose: (waiting) => {
      const even = (waiting[0] ?? 0) % 2
      return waiting.filter((request) => request % 2 === even).slice(0, options.most ?? 100)
    },
    callTogether,
    mayDivide: (error) => error === refused
  })
  const start = (request: number) =>
    Effect.runFork(
      groups.run(
        "key",
        request,
        Effect.map(callTogether([request]), (answers) => answers.join())
      )
    )
  const open = Effect.suspend(() => {
    const waiting = gates.splice(0)
    for (const gate of waiting) Deferred.doneUnsafe(gate, Effect.void)
    return Effect.sleep("5 millis")
  })
  return { made, open, start }
}

const reasonOf = (exit: Exit.Exit<unknown, MemoryError>): string => {
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? error.value.message : "none"
}

describe("CallGroups", () => {
  it.live("what waits is made together, and each caller has its own answer", () =>
    Effect.gen(function* () {
      const { made, open, start } = makeGroups()
      const fibers = [0, 2, 4, 1, 6, 3].map(start)
      for (let i = 0; i < 3; i++) yield* open
      assert.deepStrictEqual(made, [[0], [2, 4, 6], [1, 3]])
      const answers = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      assert.deepStrictEqual(
        answers,
        [0, 2, 4, 1, 6, 3].map((request) => `answer ${request}`)
      )
      const again = start(8)
      yield* open
      assert.strictEqual(yield* Fiber.join(again), "answer 8")
    })
  )

  it.live("what does not fit a group waits for the next", () =>
    Effect.gen(function* () {
      const { made, open, start } = makeGroups({ most: 2 })
      const fibers = [0, 2, 4, 6].map(start)
      for (let i = 0; i < 3; i++) yield* open
      assert.deepStrictEqual(made, [[0], [2, 4], [6]])
      assert.strictEqual(yield* Fiber.join(fibers[3]!), "answer 6")
    })
  )

  it.live("a call that takes no turns waits for none", () =>
    Effect.gen(function* () {
      const { made, open, start } = makeGroups()
      const fibers = [0, 100].map(start)
      assert.deepStrictEqual(made, [[0], [100]])
      yield* open
      yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
    })
  )

  it.live("a group that is refused is divided: one fails, the others are answered", () =>
    Effect.gen(function* () {
      const { made, open, start } = makeGroups({ failing: new Map([[4, refused]]) })
      const fibers = [0, 2, 4, 6].map(start)
      yield* open
      const late = start(8)
      for (let i = 0; i < 3; i++) yield* open
      assert.deepStrictEqual(made, [[0], [2, 4, 6], [2], [4], [6], [8]])
      const exits = yield* Effect.forEach([...fibers, late], (fiber) => Fiber.await(fiber))
      assert.deepStrictEqual(exits.map(reasonOf), ["none", "none", "Refused.", "none", "none"])
    })
  )

  it.live("a group that may have taken effect is not made again", () =>
    Effect.gen(function* () {
      const { made, open, start } = makeGroups({ failing: new Map([[4, broken]]) })
      const fibers = [0, 2, 4].map(start)
      for (let i = 0; i < 2; i++) yield* open
      assert.deepStrictEqual(made, [[0], [2, 4]])
      const exits = yield* Effect.forEach(fibers, (fiber) => Fiber.await(fiber))
      assert.deepStrictEqual(exits.map(reasonOf), ["none", "Broken.", "Broken."])
    })
  )

  it.live("who is interrupted while it waits is never made", () =>
    Effect.gen(function* () {
      const { made, open, start } = makeGroups()
      const [, second, third] = [0, 2, 4].map(start)
      yield* Fiber.interrupt(second!)
      for (let i = 0; i < 2; i++) yield* open
      assert.deepStrictEqual(made, [[0], [4]])
      assert.strictEqual(yield* Fiber.join(third!), "answer 4")
    })
  )

  it.live("who is interrupted in a group waits for its end, and the others are answered", () =>
    Effect.gen(function* () {
      for (const failing of [new Map<number, MemoryError>(), new Map([[4, refused]])]) {
        const { made, open, start } = makeGroups({ failing })
        const [, second, third] = [0, 2, 4, 6].map(start)
        yield* open
        let ended = false
        const interrupting = Effect.runFork(
          Effect.andThen(
            Fiber.interrupt(second!),
            Effect.sync(() => {
              ended = true
            })
          )
        )
        yield* Effect.sleep("5 millis")
        assert.isFalse(ended)
        yield* open
        yield* Fiber.join(interrupting)
        yield* open
        const isRefused = failing.size > 0
        assert.deepStrictEqual(made, [[0], [2, 4, 6], ...(isRefused ? [[4], [6]] : [])])
        assert.strictEqual(reasonOf(yield* Fiber.await(third!)), isRefused ? "Refused." : "none")
        const after = start(8)
        yield* open
        assert.strictEqual(yield* Fiber.join(after), "answer 8")
      }
    })
  )
})
