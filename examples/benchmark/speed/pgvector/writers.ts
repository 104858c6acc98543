/** Writers that put one memory after another: all into one scope, or each into its own. */
import type { Scope } from "@keepsake/core"
import type { StoreRow } from "@keepsake/core/driver"
import { makeScope } from "../data.ts"
import { timed } from "../measure.ts"
import { atLeast, type Row } from "../Row.ts"
import { makeStoreRow } from "./memories.ts"

const WRITERS = 16
const PUTS_EACH = 60
/** The first warms up. */
const ROUNDS = 5
const FIRST_USER = 50_000

type Put = (scope: Scope, rows: ReadonlyArray<StoreRow>) => Promise<unknown>

/** Puts a second of `WRITERS` writers over `scopes` scopes. `start` numbers the first row. */
const countPuts = async (put: Put, scopes: number, start: number): Promise<number> => {
  // Made ahead: a memory takes longer to make up than to send.
  const writers = Array.from({ length: WRITERS }, (_, writer) => {
    const user = FIRST_USER + (writer % scopes)
    const scope = makeScope(user)
    const first = start + writer * PUTS_EACH
    return {
      scope,
      rows: Array.from({ length: PUTS_EACH }, (_unused, i) => makeStoreRow(scope, user, first + i))
    }
  })
  const took = await timed(() =>
    Promise.all(
      writers.map(async ({ rows, scope }) => {
        for (const row of rows) await put(scope, [row])
      })
    )
  )
  return (WRITERS * PUTS_EACH * 1_000) / took
}

/** Turn by turn; the median of the rounds. */
export const writerRows = async (put: Put): Promise<ReadonlyArray<Row>> => {
  const rates = { one: new Array<number>(), own: new Array<number>() }
  for (let round = 0; round < ROUNDS; round++) {
    const start = round * 10_000_000
    const one = await countPuts(put, 1, start)
    const own = await countPuts(put, WRITERS, start + 5_000_000)
    if (round === 0) continue
    rates.one.push(one)
    rates.own.push(own)
  }
  const median = (values: ReadonlyArray<number>): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
  return [
    atLeast(
      {
        name: `pgvector put, ${WRITERS} writers of one memory at a time, one scope`,
        value: median(rates.one),
        unit: "puts/s",
        against: `${WRITERS} writers of ${WRITERS} scopes`,
        baseline: median(rates.own)
      },
      1
    )
  ]
}
