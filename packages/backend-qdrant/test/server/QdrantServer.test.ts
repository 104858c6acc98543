/** The stand-in must refuse what a real server refuses, or the suites prove nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { axis, NOW, row, SCOPE } from "../support/rows.ts"
import { openOnStandIn } from "../support/standIn.ts"

/** A collection of three points; `post` sends a request to it. */
const fillCollection = Effect.gen(function* () {
  const { server, store } = yield* openOnStandIn()
  const rows = ["One.", "Two.", "Three."].map((text, i) => row(text, { turn: i }, axis(i)))
  yield* store.put({ scope: SCOPE, now: NOW, rows })
  const post = (path: string, body: unknown) =>
    Effect.promise(async () => {
      const response = await fetch(`${server.url}/collections/keepsake/${path}`, {
        method: "POST",
        body: JSON.stringify(body)
      })
      return { status: response.status, text: await response.text() }
    })
  return { server, rows, post }
})

const id = "00000000-0000-5000-8000-000000000001"
const upsert = (point: object) => ({ operations: [{ upsert: { points: [point] } }] })
const terms = { indices: [1], values: [1] }

const REFUSED: ReadonlyArray<
  readonly [name: string, path: string, body: unknown, status: number, message: RegExp]
> = [
  ["an unknown key", "points/scroll", { limits: 3 }, 400, /Format error/u],
  ["a limit of 0", "points/scroll", { limit: 0 }, 400, /Format error/u],
  [
    "an unknown condition",
    "points/count",
    { filter: { must: [{ key: "turn", matches: 1 }] } },
    400,
    /Format error/u
  ],
  [
    "a filter by an unindexed key",
    "points/scroll",
    { filter: { must: [{ key: "content", match: { value: "x" } }] } },
    400,
    /Index required but not found for "content" of one of the following types: \[keyword/u
  ],
  [
    "a range over a keyword index",
    "points/count",
    { filter: { must: [{ key: "scope", range: { gt: 1 } }] } },
    400,
    /Index required but not found for "scope"/u
  ],
  [
    "a match over an index of ranges",
    "points/count",
    { filter: { must: [{ key: "turn", match: { value: 1 } }] } },
    400,
    /Index required but not found for "turn"/u
  ],
  [
    "a nested key without an index",
    "points/count",
    {
      filter: {
        must: [{ nested: { key: "validity", filter: { must: [{ key: "until", range: { gt: 1 } }] } } }]
      }
    },
    400,
    /Index required but not found for "validity\[\]\.until"/u
  ],
  [
    "a deletion by an unindexed key",
    "points/batch",
    { operations: [{ delete: { filter: { must: [{ key: "content", match: { value: "x" } }] } } }] },
    400,
    /Index required/u
  ],
  [
    "an order without a range index",
    "points/scroll",
    { order_by: { key: "content" } },
    400,
    /No range index for `order_by`/u
  ],
  [
    "an offset beside an order",
    "points/scroll",
    { order_by: { key: "turn" }, offset: id },
    400,
    /Cannot use an `offset`/u
  ],
  [
    "an empty key without an index",
    "points/count",
    { filter: { must_not: [{ is_empty: { key: "content" } }] } },
    400,
    /Index required but not found for "content"/u
  ],
  [
    "a query in the order of a key without an index of ranges",
    "points/query/batch",
    { searches: [{ query: { order_by: { key: "content" } } }] },
    400,
    /No range index for `order_by`/u
  ],
  ["a facet without an index", "facet", { key: "content" }, 400, /Index required/u],
  [
    "a vector of other dimensions",
    "points/batch",
    upsert({ id, vector: { dense: [1], terms } }),
    400,
    /expected dim: 4, got 1/u
  ],
  [
    "a vector of another name",
    "points/batch",
    upsert({ id, vector: { other: [1] } }),
    400,
    /Not existing vector name error: other/u
  ],
  [
    "an id that is not a UUID",
    "points/batch",
    upsert({ id: "abc", vector: { terms } }),
    400,
    /Format error/u
  ],
  [
    "a term twice",
    "points/batch",
    upsert({ id, vector: { terms: { indices: [1, 1], values: [1, 1] } } }),
    400,
    /Format error/u
  ],
  [
    "a term past 32 bits",
    "points/batch",
    upsert({ id, vector: { terms: { indices: [2 ** 32], values: [1] } } }),
    400,
    /Format error/u
  ],
  [
    "a query by an unknown vector",
    "points/query/batch",
    { searches: [{ query: [1, 0, 0, 0], using: "nowhere" }] },
    400,
    /Not existing vector name/u
  ],
  [
    "a payload for an unknown id",
    "points/batch",
    { operations: [{ set_payload: { payload: { pinned: true }, points: [id] } }] },
    404,
    /No point with id/u
  ],
  ["a facet over an index of ranges", "facet", { key: "turn" }, 400, /Index required/u],
  [
    "vectors of an unknown id",
    "points/batch",
    { operations: [{ update_vectors: { points: [{ id, vector: { terms } }] } }] },
    404,
    /No point with id/u
  ],
  ["an unknown endpoint", "points/recommend", {}, 404, /.*/u]
]

describe("the stand-in refuses", () => {
  for (const [name, path, body, status, message] of REFUSED) {
    it.live(name, () =>
      Effect.gen(function* () {
        const { post } = yield* fillCollection
        const answer = yield* post(path, body)
        assert.strictEqual(answer.status, status, answer.text)
        assert.match(answer.text.replaceAll('\\"', '"'), message)
      })
    )
  }

  it.live("an unknown collection", () =>
    Effect.gen(function* () {
      const { server } = yield* fillCollection
      const answer = yield* Effect.promise(() => fetch(`${server.url}/collections/none`))
      assert.strictEqual(answer.status, 404)
    })
  )
})

describe("the stand-in answers", () => {
  it.live("a page by id, with the first id of the next page", () =>
    Effect.gen(function* () {
      const { post, rows } = yield* fillCollection
      const ids = rows.map(({ memory }) => memory.id).toSorted()
      const first = JSON.parse((yield* post("points/scroll", { limit: 2 })).text)
      assert.strictEqual(first.result.next_page_offset, ids[2])
      const rest = JSON.parse((yield* post("points/scroll", { limit: 2, offset: ids[2] })).text)
      assert.deepStrictEqual(
        rest.result.points.map((point: { id: string }) => point.id),
        [ids[2]]
      )
      assert.isNull(rest.result.next_page_offset)
    })
  )

  it.live("an order, with its values and no next page", () =>
    Effect.gen(function* () {
      const { post } = yield* fillCollection
      const { result } = JSON.parse(
        (yield* post("points/scroll", { order_by: { key: "turn", direction: "desc" }, limit: 2 })).text
      )
      assert.deepStrictEqual(
        result.points.map((point: { order_value: number }) => point.order_value),
        [2, 1]
      )
      assert.isNull(result.next_page_offset)
    })
  )

  it.live("a query in the order of a key, of the points that have it", () =>
    Effect.gen(function* () {
      const { post, rows } = yield* fillCollection
      const query = { order_by: { key: "turn", direction: "desc" } }
      const searches = [{ query, filter: { must: [{ key: "turn", range: { lt: 2 } }] }, limit: 1 }]
      const { result } = JSON.parse((yield* post("points/query/batch", { searches })).text)
      assert.deepStrictEqual(
        result[0].points.map(({ id }: { id: string }) => id),
        [rows[1]?.memory.id]
      )
    })
  )

  it.live("that null, nothing and an empty list are empty", () =>
    Effect.gen(function* () {
      const { post, server } = yield* fillCollection
      const [first, second, third] = server.data.collections.get("keepsake")?.points.values() ?? []
      if (first !== undefined) Object.assign(first.payload, { facts: null })
      if (second !== undefined) Object.assign(second.payload, { facts: [] })
      if (third !== undefined) Object.assign(third.payload, { facts: ["a"] })
      const filter = { must: [{ is_empty: { key: "facts" } }] }
      assert.strictEqual(JSON.parse((yield* post("points/count", { filter })).text).result.count, 2)
    })
  )

  it.live("null by removing the key, and an absent value matches no range", () =>
    Effect.gen(function* () {
      const { post, rows, server } = yield* fillCollection
      const id = rows[0]?.memory.id ?? ""
      yield* post("points/batch?wait=true", {
        operations: [{ set_payload: { payload: { turn: null }, filter: { must: [{ has_id: [id] }] } } }]
      })
      const point = server.data.collections.get("keepsake")?.points.get(id)
      assert.notProperty(point?.payload, "turn")
      const range = { key: "turn", range: { gte: -1_000 } }
      const { result } = JSON.parse((yield* post("points/count", { filter: { must: [range] } })).text)
      assert.strictEqual(result.count, 2)
    })
  )
})
