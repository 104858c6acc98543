import { assert, describe, it } from "@effect/vitest"
import { ANY, type Scope } from "@keepsake/core/driver"
import { Effect } from "effect"
import { scopeHash, scopeId } from "../../src/scopeId.ts"
import type { QdrantServer } from "../server/QdrantServer.ts"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { openOnStandIn } from "../support/standIn.ts"

const SCOPES = 1_100

/** Copies the only point to other scopes, in the server's data: a put per scope would take a minute. */
const copyToScopes = ({ data }: QdrantServer, copies: number): void => {
  const points = data.collections.get("keepsake")?.points
  const [original] = points?.values() ?? []
  if (points === undefined || original === undefined) throw new Error("there is no point to copy")
  for (let i = 1; i <= copies; i++) {
    const scope: Scope = { agentId: "agent", userId: `user ${i}` }
    const id = `00000000-0000-5000-8000-${String(i).padStart(12, "0")}`
    const payload = { ...original.payload, scope: scopeId(scope), scopeHash: scopeHash(scope) }
    points.set(id, { ...original, id, payload })
  }
}

describe("scopes", () => {
  it.live("lists more scopes than a facet returns, each once", () =>
    Effect.gen(function* () {
      const { admin, server, store } = yield* openOnStandIn()
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("The first.")] })
      copyToScopes(server, SCOPES - 1)
      const userIds: Array<string> = []
      let after: Scope | undefined
      do {
        const page = yield* admin.scopes({ after, limit: 400 })
        userIds.push(...page.map(({ scope }) => scope.userId))
        after = page.at(-1)?.scope
      } while (after !== undefined)
      assert.strictEqual(userIds.length, SCOPES)
      assert.strictEqual(new Set(userIds).size, SCOPES)
    })
  )
})

describe("expire", () => {
  it.live("removes up to its limit", () =>
    Effect.gen(function* () {
      const { admin, store } = yield* openOnStandIn()
      const rows = Array.from({ length: 7 }, (_, i) => row(`Fact ${i}.`, { expiresAt: NOW + i }))
      yield* store.put({ scope: SCOPE, now: NOW - 1, rows })
      const removals = yield* Effect.all([4, 4, 4].map((limit) => admin.expire({ now: NOW + 5, limit })))
      assert.deepStrictEqual(
        removals.map(({ removed }) => removed),
        [4, 2, 0]
      )
      assert.strictEqual(yield* store.count({ scope: SCOPE, now: NOW, filter: ANY, lifetime: "any" }), 1)
    })
  )
})
