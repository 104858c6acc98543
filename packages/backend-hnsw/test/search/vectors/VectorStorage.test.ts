import { assert, describe, it } from "@effect/vitest"
import { makeRandom } from "@keepsake/core/testing"
import type { TopK } from "../../../src/search/arrays/TopK.ts"
import { runToEnd } from "../../../src/connection/Scan.ts"
import { WasmArena } from "../../../src/search/vectors/WasmArena.ts"
import { VectorStorage } from "../../../src/search/vectors/VectorStorage.ts"

const viewBytes = (vector: Float32Array) => new Uint8Array(vector.buffer)
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)

/** Rows in tight clusters: byte codes cannot tell the many nearly equal cosines apart. */
const makeClustered = (count: number, dimensions: number, seed: number) => {
  const random = makeRandom(seed)
  const centres = Array.from({ length: 8 }, () => random.direction(dimensions))
  return Array.from({ length: count }, () => {
    const noise = random.direction(dimensions)
    const mixed = random.pick(centres).map((value, i) => value + 0.05 * (noise[i] ?? 0))
    const length = Math.hypot(...mixed)
    return mixed.map((value) => value / length)
  })
}

// Dimensions beside multiples of a SIMD register, and counts around the kernel's and the codes' bounds.
for (const dimensions of [1, 5, 16, 100, 384]) {
  for (const count of [1, 17, 1_999, 2_000, 4_097]) {
    for (const onDisk of [false, true]) {
      it(`the scan finds the same as brute force: ${count} × ${dimensions}${onDisk ? ", floats on disk" : ""}`, () => {
        const rows = makeClustered(count, dimensions, count * 1_000 + dimensions)
        const vectors = new VectorStorage(new WasmArena(dimensions), onDisk, (slots, take) => {
          Array.from(slots).forEach((slot, i) => {
            const row = rows[slot]
            if (row !== undefined) take(i, viewBytes(row))
          })
        })
        rows.forEach((row, i) => vectors.push(i % 10 === 3 ? new Uint8Array() : viewBytes(row)))
        const query =
          makeClustered(1, dimensions, count * 1_000 + dimensions)[0] ?? new Float32Array(dimensions)
        const passes = (slot: number) => slot % 3 !== 1
        const limit = Math.min(50, count)
        const best = rows
          .flatMap((row, slot) => (slot % 10 !== 3 && passes(slot) ? [dot(query, row)] : []))
          .sort((a, b) => b - a)
          .slice(0, limit)
        const top = runToEnd(vectors.findNearest({ query, limit, passes, exact: true, groups: null }))
        const scores = Array.from(top.scores).sort((a, b) => b - a)
        assert.strictEqual(scores.length, best.length)
        scores.forEach((score, i) => assert.approximately(score, best[i] ?? 0, 1e-5))
        top.slots.forEach((slot, i) => {
          assert.isTrue(passes(slot) && slot % 10 !== 3)
          assert.approximately(top.scores[i] ?? 0, dot(query, rows[slot] ?? query), 1e-5)
        })
      })
    }
  }
}

describe("scans that take turns", () => {
  const [dimensions, count] = [16, 20_000]
  const scopes = [1, 2].map((seed) => makeClustered(count, dimensions, seed))
  for (const onDisk of [false, true]) {
    it(`find what each finds alone${onDisk ? ", floats on disk" : ""}`, () => {
      const arena = new WasmArena(dimensions)
      const find = (rows: ReadonlyArray<Float32Array>) => {
        const vectors = new VectorStorage(arena, onDisk, (points, take) =>
          Array.from(points).forEach((point, i) => take(i, viewBytes(rows[point] ?? new Float32Array())))
        )
        const codes = new Uint8Array(count * arena.codeStride)
        const quantised = rows.map((row, i) =>
          arena.encodeInto(viewBytes(row), codes.subarray(i * arena.codeStride, (i + 1) * arena.codeStride))
        )
        const maxError = Math.sqrt(Math.max(...quantised.map(({ squaredError }) => squaredError)))
        vectors.append(
          codes,
          Float32Array.from(quantised, ({ scale }) => scale),
          maxError
        )
        const query = rows[0] ?? new Float32Array(dimensions)
        return vectors.findNearest({ query, limit: 300, passes: () => true, exact: true, groups: null })
      }
      const alone = scopes.map((rows) => runToEnd(find(rows)))
      const scans = scopes.map(find)
      const found = scans.map((): TopK | null => null)
      while (found.includes(null)) {
        for (const [i, scan] of scans.entries()) {
          if (found[i] !== null) continue
          const part = scan.next()
          found[i] = part.done === true ? part.value : null
          arena.scratch.leave()
        }
      }
      found.forEach((top, i) => {
        assert.deepStrictEqual(top?.slots, alone[i]?.slots)
        assert.deepStrictEqual(top?.scores, alone[i]?.scores)
      })
    })
  }
})
