import { assert, it } from "@effect/vitest"
import { idf } from "@keepsake/core/driver"
import { Postings, type TermSource } from "../../src/search/postings/Postings.ts"
import { SpareBuffer } from "../../src/search/postings/PostingsBuffer.ts"
import { runToEnd } from "../../src/connection/Scan.ts"
import { WasmArena } from "../../src/search/vectors/WasmArena.ts"

interface Row {
  readonly ids: ReadonlyArray<number>
  readonly weights: ReadonlyArray<number>
}

const toSource = ({ ids, weights }: Row): TermSource => ({
  termCount: ids.length,
  copyTerms: (intoIds, intoWeights, start) => {
    intoIds.set(ids, start)
    intoWeights.set(weights, start)
  }
})

const toBytes = (array: Uint32Array | Float32Array): Uint8Array => new Uint8Array(array.buffer)

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
    return { ids, weights: ids.map(() => 1 + random(1_000) / 8) }
  })

/** Adds rows one by one and as blocks have them, some after the index was used. */
const fill = (
  postings: Postings,
  rows: ReadonlyArray<Row>,
  random: (below: number) => number,
  asked: Uint32Array
): void => {
  for (let point = 0; point < rows.length;) {
    const block = rows.slice(point, point + 1 + random(64))
    if (random(3) === 0) block.forEach((row, i) => postings.add(point + i, toSource(row)))
    else {
      const counts = Uint32Array.from(block, ({ ids }) => ids.length)
      const ids = Uint32Array.from(block.flatMap((row) => row.ids))
      const weights = Float32Array.from(block.flatMap((row) => row.weights))
      postings.append(point, counts, toBytes(ids), toBytes(weights))
    }
    point += block.length
    if (random(4) === 0) postings.settle()
    if (random(8) === 0) postings.weights(asked, Uint32Array.of(point - 1))
  }
}

type Weights = ReadonlyArray<ReadonlyMap<number, number>>

const toWeights = (rows: ReadonlyArray<Row>): Weights =>
  rows.map(({ ids, weights }) => new Map(ids.map((id, i) => [id, weights[i] ?? 0])))

/** What a search of `asked` is to find. */
const scoreRows = (rows: Weights, asked: Uint32Array, isCurrent: (point: number) => boolean) => {
  const df = Array.from(asked, (term) => rows.filter((row, i) => row.has(term) && isCurrent(i)).length)
  const factors = df.map((holders) => idf(rows.length, holders))
  const sums = rows.map((row) =>
    Array.from(asked).reduce((sum, term, t) => sum + (factors[t] ?? 0) * (row.get(term) ?? 0), 0)
  )
  return { df, sums }
}

it("finds the rows of each term, their weights and how many they are, however rows came", () => {
  const random = makeRandom(5)
  const arena = new WasmArena(0)
  for (const [count, words, spread] of [
    [1_400, 4_000, 2 ** 32],
    // Terms with the same first bits.
    [300, 30, 2 ** 10],
    [1, 1, 2 ** 32]
  ] as const) {
    const vocabulary = [0, 2 ** 32 - 1, ...Array.from({ length: words }, () => random(spread))]
    const long = Array.from(new Set(vocabulary)).sort((a, b) => a - b)
    const rows = [...makeRows(count, vocabulary, random), { ids: long, weights: long.map((_, i) => 1 + i) }]
    // The last one is in no row.
    const terms = Uint32Array.from([...new Set(vocabulary.slice(0, 20)), 12_345])
    const postings = new Postings(arena, new SpareBuffer())
    fill(postings, rows, random, terms)
    const weights = toWeights(rows)
    const isCurrent = (point: number) => point % 7 !== 3
    for (const asked of [terms, terms.slice(1, 3), terms.toReversed(), new Uint32Array()]) {
      for (const current of [null, isCurrent]) {
        const expected = scoreRows(weights, asked, current ?? (() => true))
        const sums = new Float64Array(rows.length)
        assert.deepStrictEqual(postings.score(asked, rows.length, current, sums), expected.df)
        const greatest = expected.sums.reduce(
          (error, sum, i) => Math.max(error, Math.abs(sum - (sums[i] ?? 0)) / (1 + sum)),
          0
        )
        assert.isBelow(greatest, 1e-9)
      }
      const points = Uint32Array.from(rows.keys())
        .filter(() => random(3) === 0)
        .reverse()
      const read = Array.from(points).flatMap((point) =>
        Array.from(asked, (term) => weights[point]?.get(term) ?? 0)
      )
      assert.deepStrictEqual(Array.from(postings.weights(asked, points)), read)
    }
    const { bytes } = postings
    runToEnd(postings.prepare([terms, undefined]))
    assert.isAbove(postings.foundBytes, 0)
    assert.strictEqual(postings.bytes, bytes)
    postings.dropFound()
    assert.strictEqual(postings.foundBytes, 0)
    postings.free()
  }
})

it("finds the same where several look at once, part by part", () => {
  const random = makeRandom(6)
  const arena = new WasmArena(0)
  const scopes = [1, 2].map(() => {
    const vocabulary = Array.from({ length: 40 }, () => random(2 ** 32))
    const rows = makeRows(9_000, vocabulary, random)
    const asked = Uint32Array.from(new Set(vocabulary.slice(0, 9)))
    const postings = new Postings(arena, new SpareBuffer())
    fill(postings, rows, random, new Uint32Array())
    return { postings, asked, scan: postings.prepare([asked]), expected: toWeights(rows) }
  })
  const waiting = new Set(scopes)
  let parts = 0
  while (waiting.size > 0) {
    for (const scope of waiting) {
      if (scope.scan.next().done === true) waiting.delete(scope)
      arena.scratch.leave()
      parts++
    }
  }
  assert.isAbove(parts, 2 * scopes.length)
  for (const { asked, expected, postings } of scopes) {
    const read = postings.weights(asked, Uint32Array.from(expected.keys()))
    const all = expected.flatMap((row) => Array.from(asked, (term) => row.get(term) ?? 0))
    assert.deepStrictEqual(read, Float32Array.from(all))
    postings.free()
  }
})

it("refuses more terms and rows than it has room for", () => {
  const arena = new WasmArena(0)
  assert.throws(() => arena.setTerms(new Uint32Array(1_024)), RangeError)
  const ends = new Uint32Array(2_049)
  const run = { firstPoint: 0, rows: ends.length, postings: 0, ids: ends, weights: new Float32Array(), ends }
  assert.throws(() => arena.findTerms(run, () => undefined), RangeError)
})
