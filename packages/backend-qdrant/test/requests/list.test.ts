import { assert, describe, it } from "@effect/vitest"
import { ANY, type Cursor, pageRows } from "@keepsake/core/driver"
import { Effect } from "effect"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { openOnStandIn } from "../support/standIn.ts"

describe("list", () => {
  it.live("goes back through more rows of one moment than a page holds", () =>
    Effect.gen(function* () {
      const { store } = yield* openOnStandIn()
      const rows = Array.from({ length: 1_300 }, (_, i) =>
        row(`row ${i}`, { saidAt: i < 1_200 ? NOW : NOW - i }, null)
      )
      for (let i = 0; i < rows.length; i += 256) {
        yield* store.put({ scope: SCOPE, now: NOW, rows: rows.slice(i, i + 256) })
      }
      const request = { scope: SCOPE, now: NOW, filter: ANY, by: "saidAt", newestFirst: true } as const
      const expected = pageRows(rows, { ...request, limit: 2_000 }).rows.map(({ memory }) => memory.id)
      const listed: Array<string> = []
      let after: Cursor | undefined
      do {
        const page = yield* store.list({ ...request, limit: 500, after })
        listed.push(...page.rows.map(({ id }) => id))
        after = page.next ?? undefined
      } while (after !== undefined)
      assert.deepStrictEqual(listed, expected)
    })
  )
})
