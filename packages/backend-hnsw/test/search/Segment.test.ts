import { assert, it } from "@effect/vitest"
import { ScratchArrays } from "../../src/search/arrays/ScratchArrays.ts"
import { PostingsBuffer } from "../../src/search/postings/PostingsBuffer.ts"
import { Segment } from "../../src/search/postings/Segment.ts"

interface Row {
  readonly ids: ReadonlyArray<number>
  readonly weights: ReadonlyArray<number>
}

const toBuffer = (rows: ReadonlyArray<Row>, firstPoint: number): PostingsBuffer => {
  const buffer = new PostingsBuffer()
  rows.forEach(({ ids, weights }, i) => {
    const start = buffer.addRow(firstPoint + i, ids.length)
    buffer.ids.set(ids, start)
    buffer.weights.set(weights, start)
  })
  return buffer
}

const makeRandom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Rows whose terms, of `vocabulary`, are ascending and distinct; some are in nearly every row. */
const makeRows = (count: number, vocabulary: ReadonlyArray<number>, random: (below: number) => number) =>
  Array.from({ length: count }, (): Row => {
    const frequent = vocabulary.slice(0, 6).filter(() => random(10) > 0)
    const others = Array.from({ length: random(20) }, () => vocabulary[random(vocabulary.length)] ?? 0)
    const ids = Array.from(new Set([...frequent, ...others])).sort((a, b) => a - b)
    return { ids, weights: ids.map(() => random(1_000) / 8) }
  })

it("finds each term's rows, in their order, whatever was asked before", () => {
  const random = makeRandom(5)
  for (const [count, words, spread] of [
    [1_024, 4_000, 2 ** 32],
    // Frequent terms in one bucket.
    [1_000, 30, 2 ** 10],
    [3, 9, 2 ** 32],
    [1, 1, 2 ** 32]
  ] as const) {
    const vocabulary = Array.from({ length: words }, () => random(spread))
    const rows = makeRows(count, [0, 2 ** 32 - 1, ...vocabulary], random)
    const segment = new Segment(toBuffer(rows, 70), new ScratchArrays())
    const asked = [2 ** 32 - 1, 0, ...vocabulary.toReversed(), 12_345, ...vocabulary.slice(0, 9)]
    for (const term of asked) {
      const expected = rows.flatMap(({ ids, weights }, row) => {
        const at = ids.indexOf(term)
        return at < 0 ? [] : [[70 + row, weights[at]]]
      })
      const [from, to] = segment.range(term)
      const found = Array.from(segment.offsets.subarray(from, to), (offset, i) => [
        segment.firstPoint + offset,
        segment.weights[from + i]
      ])
      assert.deepStrictEqual(found, expected)
    }
    const again = new PostingsBuffer()
    segment.unpackInto(again)
    const original = toBuffer(rows, 70)
    const size = original.postings
    assert.deepStrictEqual(again.ids.subarray(0, size), original.ids.subarray(0, size))
    assert.deepStrictEqual(again.weights.subarray(0, size), original.weights.subarray(0, size))
  }
})

it("without postings finds nothing", () => {
  const segment = new Segment(toBuffer([{ ids: [], weights: [] }], 0), new ScratchArrays())
  assert.deepStrictEqual(segment.range(7), [0, 0])
})
