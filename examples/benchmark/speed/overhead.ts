/**
 * What the way to a store costs by itself: the same question asked of an empty store by a bare function, by the
 * Effect service, and through its Promise twin. What is above the bare function is Effect, checks and spans.
 */
import { InMemoryStore } from "@keepsake/core"
import { queryTerms } from "@keepsake/core/driver"
import { Effect } from "effect"
import { queryOf, scopeOf, stubVector } from "./data.ts"
import { interleaved } from "./measure.ts"
import { openLayer } from "./opened.ts"
import { reported, type Row } from "./Row.ts"
import type { Settings } from "./Settings.ts"

/** Calls a sample: one takes too few microseconds to be timed alone. */
const CALLS = 50

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const opened = await openLayer(InMemoryStore.layer)
  const scope = scopeOf(0)
  const service = await Effect.runPromise(opened.memory.for(scope))
  const twin = opened.client.for(scope)
  const store = new Map<string, ReadonlyArray<unknown>>()
  let asked = 0
  const repeat = (call: (query: string) => unknown) => async () => {
    for (let i = 0; i < CALLS; i++) await call(queryOf(0, asked++))
  }
  const times = await interleaved(
    {
      bare: repeat(async (query) => ({
        terms: queryTerms(query),
        vector: stubVector(query),
        hits: store.get(scope.userId) ?? []
      })),
      service: repeat(async (query) => Effect.runPromise(service.recall(query))),
      twin: repeat(async (query) => twin.recall(query))
    },
    { rounds: quick ? 20 : 150 }
  )
  await opened.close()
  const perCall = (ms: number) => (ms / CALLS) * 1_000
  const baseline = perCall(times.bare.median)
  const row = (name: string, median: number): Row =>
    reported({
      name,
      value: perCall(median),
      unit: "µs",
      against: "a bare async function",
      baseline,
      note: `${(perCall(median) - baseline).toFixed(0)} µs are Effect, checks and spans; nothing is found, so that nothing else is measured`
    })
  return [
    row("recall of an empty scope, Effect", times.service.median),
    row("recall of an empty scope, Promise", times.twin.median)
  ]
}
