/** The count of rows without a vector stays true through every kind of change. */
import { ANY } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import { DIMENSIONS, FINGERPRINT, freshSchema, open, sharedPGlite } from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const bare = (text: string, parts = {}) => row(text, { vector: null, ...parts })

type Handle = Effect.Success<ReturnType<typeof open>>

const countBare = ({ store }: Handle) =>
  Effect.map(
    store.search({ scope, now: T0, parts: [], filter: ANY, limit: 1 }),
    ({ plan }) => plan.byWordsAlone
  )

describe("rows without a vector", () => {
  it.effect("are counted while they are current, through every change and a move", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      const handle = yield* open(PgVectorStore.layer({ pglite, schema }))
      const { admin, store } = handle
      const expired = { key: "reused", expiresAt: T0 + 1 }
      const rows = [bare("one"), bare("two"), bare("three"), bare("expiring", expired), row("embedded")]
      yield* store.put({ scope, now: T0, rows })
      assert.strictEqual(yield* countBare(handle), 4)
      yield* store.put({ scope, now: T0, rows: [bare("one")] })
      assert.strictEqual(yield* countBare(handle), 4, "said again")
      yield* store.supersede({ scope, now: T0, id: rows[0]!.memory.id, row: row("one, embedded") })
      assert.strictEqual(yield* countBare(handle), 3, "superseded")
      yield* store.put({ scope, now: T0 + 1, rows: [bare("one")] })
      assert.strictEqual(yield* countBare(handle), 4, "reopened")
      yield* store.put({ scope, now: T0 + 1, rows: [row("in its place", { key: "reused" })] })
      assert.strictEqual(yield* countBare(handle), 3, "an expired row replaced by an embedded one")
      yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [rows[1]!.memory.id] } })
      assert.strictEqual(yield* countBare(handle), 2, "removed")

      const next = { ...FINGERPRINT, k1: 2 }
      yield* admin.stage(next)
      const unstaged = yield* admin.unstaged({ limit: 100 })
      yield* admin.fillStage(
        unstaged.map(({ content, id }) => ({
          ...row(content, content === "three" ? { vector: null } : {}),
          scope,
          id
        }))
      )
      yield* admin.commitStage
      const moved = yield* open(PgVectorStore.layer({ pglite, schema }), next)
      assert.strictEqual(yield* countBare(moved), 1, "moved, and one embedded")
      yield* moved.store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [rows[2]!.memory.id] } })
      assert.strictEqual(yield* countBare(moved), 0, "removed from the new space")
    })
  )
})
