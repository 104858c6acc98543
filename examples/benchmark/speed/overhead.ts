/**
 * The overhead of a call: the same question to an empty store through a bare function, the Effect service and the
 * Promise client. The difference to the bare function is Effect, checks and spans.
 */
import { InMemoryStore } from "@keepsake/core"
import { queryTerms } from "@keepsake/core/driver"
import { Effect } from "effect"
import { makeQuery, makeScope, stubVector } from "./data.ts"
import { interleaved } from "./measure.ts"
import { openLayer } from "./opened.ts"
import { reported, type Row } from "./Row.ts"
import type { Settings } from "./Settings.ts"

/** Calls per sample: a single call is too short to time. */
const CALLS = 50

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const opened = await openLayer(InMemoryStore.layer)
  const scope = makeScope(0)
  const service = await Effect.runPromise(opened.memory.for(scope))
  const promised = opened.client.for(scope)
  const store = new Map<string, ReadonlyArray<unknown>>()
  let round = 0
  const repeat = (call: (query: string) => unknown) => async () => {
    for (let i = 0; i < CALLS; i++) await call(makeQuery(0, round++))
  }
  const times = await interleaved(
    {
      bare: repeat(async (query) => ({
        terms: queryTerms(query),
        vector: stubVector(query),
        hits: store.get(scope.userId) ?? []
      })),
      service: repeat(async (query) => Effect.runPromise(service.recall(query))),
      promised: repeat(async (query) => promised.recall(query))
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
      note: `${(perCall(median) - baseline).toFixed(0)} µs are Effect, checks and spans; the scope is empty, so that only these are measured`
    })
  return [
    row("recall of an empty scope, Effect", times.service.median),
    row("recall of an empty scope, Promise", times.promised.median)
  ]
}
