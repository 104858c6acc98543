import { assert, describe, it } from "@effect/vitest"
import { pageSessions, type SessionCursor } from "@keepsake/core/driver"
import { Effect } from "effect"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { openOnStandIn } from "../support/standIn.ts"

type Rows = ReadonlyArray<ReturnType<typeof row>>

/** Puts rows, and compares pages of sessions with what follows from the rows. */
const compareSessions = Effect.fnUntraced(function* (rows: Rows, limits: ReadonlyArray<number>) {
  const { store } = yield* openOnStandIn()
  for (let i = 0; i < rows.length; i += 256) {
    yield* store.put({ scope: SCOPE, now: NOW, rows: rows.slice(i, i + 256) })
  }
  const memories = rows.map(({ memory }) => memory)
  for (const limit of limits) {
    let after: SessionCursor | undefined
    do {
      const request = { scope: SCOPE, now: NOW, limit, after }
      const page = yield* store.sessions(request)
      assert.deepStrictEqual(page, pageSessions(memories, request), `pages of ${limit}`)
      after = page.next ?? undefined
    } while (after !== undefined)
  }
})

describe("sessions", () => {
  it.live("are found past a long session, older rows of newer sessions, and many ties", () => {
    const long = Array.from({ length: 300 }, (_, i) =>
      row(`long ${i}`, { sessionId: "long", turn: i, saidAt: NOW - i }, null)
    )
    const short = Array.from({ length: 80 }, (_, i) =>
      row(`short ${i}`, { sessionId: `short ${i % 40}`, turn: i, saidAt: NOW - 90 * (i % 7) }, null)
    )
    const tied = Array.from({ length: 280 }, (_, i) =>
      row(`tied ${i}`, { sessionId: `tied ${i}`, turn: 0, saidAt: NOW - 200 }, null)
    )
    return compareSessions([...long, ...short, ...tied], [60, 1_000])
  })

  it.live("of a second page may have more newer ones than a facet returns", () => {
    const rows = Array.from({ length: 1_060 }, (_, i) => [
      row(`last ${i}`, { sessionId: `session ${i}`, turn: 1, saidAt: NOW - i }, null),
      ...(i % 40 === 0
        ? [row(`first ${i}`, { sessionId: `session ${i}`, turn: 0, saidAt: NOW - 2_000 - i }, null)]
        : [])
    ])
    return compareSessions(rows.flat(), [1_000])
  })

  it.live("cost two round trips where one page of rows holds them: one facet a session", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const rows = Array.from({ length: 30 }, (_, i) =>
        row(`said ${i}`, { sessionId: `session ${i % 3}`, turn: i, saidAt: NOW - i })
      )
      yield* store.put({ scope: SCOPE, now: NOW, rows })
      server.requests.length = 0
      yield* store.sessions({ scope: SCOPE, now: NOW, limit: 10 })
      assert.deepStrictEqual(
        server.requests.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)).toSorted(),
        ["batch", "facet", "facet", "facet", "scroll"]
      )
    })
  )
})
