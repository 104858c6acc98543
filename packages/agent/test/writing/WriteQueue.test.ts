/* oxlint-disable vitest/no-standalone-expect -- it.effect is a test block */
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { setImmediate } from "node:timers/promises"
import { describe } from "vitest"
import type { WriteJob } from "../../src/writing/attemptWrite.ts"
import { makeWriteQueue } from "../../src/writing/WriteQueue.ts"

const OPTIONS = { limit: 100, attemptTimeoutMs: 60_000 }

/** Jobs that wait until they are released, and the names of those that run. */
const makeJobs = () => {
  const running: Array<string> = []
  const releases = new Map<string, () => void>()
  const job = (policy: string, queueKey: string | null): WriteJob => ({
    policy,
    queueKey,
    exchange: { userId: "ana", sessionId: "s", user: policy, assistant: "" },
    run: async () => {
      running.push(policy)
      await new Promise<void>((resolve) => releases.set(policy, resolve))
      running.splice(running.indexOf(policy), 1)
      return { memories: [] }
    },
    isVoid: () => false,
    onRetry: () => {},
    onOutcome: () => {}
  })
  return { job, release: (policy: string) => releases.get(policy)?.(), running }
}

/** Lets fibers and promises run until they wait. */
const settle = Effect.promise(async () => {
  for (let turn = 0; turn < 100; turn++) await setImmediate()
})

describe("the write queue", () => {
  it.live("runs the jobs of one key one after the other, and a job without a key at once", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { job, release, running } = makeJobs()
        const queue = yield* makeWriteQueue(OPTIONS)
        for (const policy of ["first", "second"]) yield* queue.submit(job(policy, "ana"))
        yield* queue.submit(job("other", null))
        yield* settle
        expect(running.toSorted()).toEqual(["first", "other"])
        release("first")
        yield* settle
        expect(running.toSorted()).toEqual(["other", "second"])
        release("second")
        release("other")
        yield* queue.flush
        expect(running).toEqual([])
      })
    )
  )

  it.live("runs eight jobs with keys at once", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { job, release, running } = makeJobs()
        const queue = yield* makeWriteQueue(OPTIONS)
        const names = Array.from({ length: 10 }, (_, i) => `job${i}`)
        for (const name of names) yield* queue.submit(job(name, name))
        yield* settle
        expect(running).toEqual(names.slice(0, 8))
        release("job0")
        yield* settle
        expect(running).toEqual(names.slice(1, 9))
      })
    )
  )

  it.live("reports running and waiting jobs when its scope closes", () =>
    Effect.gen(function* () {
      const { job } = makeJobs()
      const scope = yield* Scope.make()
      const queue = yield* Scope.provide(makeWriteQueue(OPTIONS), scope)
      const outcomes = [
        yield* queue.submit(job("running", "ana")),
        yield* queue.submit(job("waiting", "ana"))
      ]
      yield* settle
      yield* Scope.close(scope, Exit.void)
      const settled = yield* Effect.all(outcomes)
      expect(settled.map(({ policy, status }) => [policy, status])).toEqual([
        ["running", "failed"],
        ["waiting", "failed"]
      ])
    })
  )
})
