/** The server counts the bytes of metadata as `JSON.stringify` writes it. */
import { type JsonObject, type JsonValue, toBytes } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import { freshSchema, open, sharedPGlite } from "../support/servers.ts"

const random = makeRandom(3)
const pick = <A>(values: ReadonlyArray<A>): A => values[Math.floor(values.length * random.next())]!

const NUMBERS = [0, -0, 1, -1.5, 1e21, 1.25e22, -3e300, 1e-6, 1e-7, -2.5e-10, 123_456_789.125, 5e-324, 1e20]
const TEXTS = [
  "",
  "plain",
  'quoted "text"',
  "back\\slash",
  "line\nbreak\t\u0001",
  "ü東京👍",
  ", : {}[]",
  "\u2028"
]

const value = (depth: number): JsonValue => {
  const kind = Math.floor((depth > 3 ? 4 : 6) * random.next())
  const size = Math.floor(4 * random.next())
  if (kind === 0) return pick(NUMBERS)
  if (kind === 1) return pick(TEXTS)
  if (kind === 2) return random.next() * 10 ** Math.floor(40 * random.next() - 20)
  if (kind === 3) return pick([true, false, null])
  return kind === 4 ? Array.from({ length: size }, () => value(depth + 1)) : object(depth + 1, size)
}

const object = (depth: number, size: number): JsonObject =>
  Object.fromEntries(Array.from({ length: size }, (_, i) => [`${pick(TEXTS)}${i}`, value(depth)]))

describe("json_bytes", () => {
  it.effect("agrees with toBytes", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      yield* open(PgVectorStore.layer({ pglite, schema }))
      const metadata = Array.from({ length: 400 }, (_, i) => object(0, 1 + (i % 5)))
      const { rows } = yield* Effect.promise(() =>
        pglite.query<{ bytes: number }>(
          `select "${schema}".json_bytes(m) as bytes from jsonb_array_elements($1::jsonb) with ordinality as t (m, place)
           order by place`,
          [JSON.stringify(metadata)]
        )
      )
      rows.forEach(({ bytes }, i) => {
        const given = metadata[i]!
        assert.strictEqual(bytes, toBytes({ content: "", metadata: given }), JSON.stringify(given))
      })
      assert.strictEqual(rows.length, metadata.length)
    })
  )
})
