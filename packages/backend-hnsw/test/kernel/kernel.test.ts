import { assert, it } from "@effect/vitest"
import { makeRandom } from "@keepsake/core/testing"
import { expect } from "vitest"
import { assembleKernel } from "../../src/kernel/assembleKernel.ts"
import { BLOCK, makeKernel } from "../../src/kernel/kernel.ts"
import { KERNEL_MODULE } from "../../src/kernel/kernelModule.ts"
import { disassemble } from "../support/disassemble.ts"

it("the module is valid, and every byte of it is an instruction or a declaration", () => {
  const bytes = assembleKernel()
  const { WebAssembly } = globalThis as unknown as {
    readonly WebAssembly: { readonly validate: (bytes: Uint8Array) => boolean }
  }
  assert.isTrue(WebAssembly.validate(bytes))
  const { functions, imports } = disassemble(bytes)
  assert.deepStrictEqual(imports, ["m.m kind 2 limits 1: 1 to 65536"])
  assert.deepStrictEqual(
    functions.map(({ name, parameters, results }) => [name, parameters.length, results.length]),
    [
      ["dotsF32", 5, 0],
      ["dotsI8", 5, 0],
      ["scale", 4, 0],
      ["maxima", 3, 0],
      ["encode", 4, 0]
    ]
  )
})

it("what runs is what the assembler makes", () => {
  assert.strictEqual(KERNEL_MODULE, Buffer.from(assembleKernel()).toString("base64"))
})

it("instructions are those of the specification that their spelling says", () => {
  const { functions } = disassemble(assembleKernel())
  const scale = functions.find(({ name }) => name === "scale")
  expect([`locals ${scale?.locals.join(" ")}`, ...(scale?.instructions ?? [])].join("\n"))
    .toMatchInlineSnapshot(`
    "locals i32 v128
    local.get 3
    v128.load32_splat offset=0 align=4
    local.set 5
    block
      loop
        local.get 4
        local.get 2
        i32.const 2
        i32.shl
        i32.lt_u
        i32.eqz
        br_if 1
        local.get 0
        local.get 4
        i32.add
        local.get 0
        local.get 4
        i32.add
        v128.load offset=0 align=16
        f32x4.convert_i32x4_s
        local.get 1
        local.get 4
        i32.add
        v128.load offset=0 align=16
        f32x4.mul
        local.get 5
        f32x4.mul
        v128.store offset=0 align=16
        local.get 4
        i32.const 16
        i32.add
        local.set 4
        br 0
      end
    end"
  `)
  const used = functions.flatMap(({ instructions }) =>
    instructions.map((line) => line.trim().split(" ")[0] ?? "")
  )
  expect(Array.from(new Set(used)).sort().join(" ")).toMatchInlineSnapshot(
    `"block br br_if end f32.add f32.const f32.div f32.max f32.ne f32.store f32x4.abs f32x4.add f32x4.convert_i32x4_s f32x4.div f32x4.extract_lane f32x4.max f32x4.mul f32x4.nearest f32x4.splat f32x4.sub i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_s i16x8.narrow_i32x4_s i32.add i32.const i32.eqz i32.load i32.lt_u i32.shl i32.shr_u i32.store i32x4.add i32x4.dot_i16x8_s i32x4.extract_lane i32x4.trunc_sat_f32x4_s i8x16.narrow_i16x8_s local.get local.set loop select v128.const v128.load v128.load32_splat v128.store"`
  )
})

const STRIDE = 128
const LENGTH = STRIDE / 4
const ROWS = 8
/** Addresses in the kernel's first page. */
const [QUERY, LIST, OUT, SCALES, CODES, FLOATS] = [0, 512, 1_024, 2_048, 4_096, 8_192]

const setUp = () => {
  const kernel = makeKernel()
  const random = makeRandom(20_261_126)
  const { buffer } = kernel.memory
  const rows = Array.from({ length: ROWS }, () => random.direction(LENGTH))
  new Uint32Array(buffer, LIST, ROWS).set(rows.map((_, i) => FLOATS + i * STRIDE))
  rows.forEach((row, i) => new Float32Array(buffer, FLOATS + i * STRIDE, LENGTH).set(row))
  return { ...kernel, buffer, random, rows }
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)

it("dotsF32 computes dot products", () => {
  const { buffer, dotsF32, random, rows } = setUp()
  const query = random.direction(LENGTH)
  new Float32Array(buffer, QUERY, LENGTH).set(query)
  dotsF32(LIST, ROWS, STRIDE, QUERY, OUT)
  const scores = new Float32Array(buffer, OUT, ROWS)
  rows.forEach((row, i) => assert.approximately(scores[i] ?? 0, dot(row, query), 1e-6))
})

it("encode quantises to the nearest code, and dotsI8 and scale compute with codes exactly", () => {
  const { buffer, dotsI8, encode, random, rows, scale } = setUp()
  const codes = rows.map((row, i) => {
    encode(FLOATS + i * STRIDE, STRIDE, CODES + i * LENGTH, OUT)
    const [rowScale = 0, squaredError = 0] = new Float32Array(buffer, OUT, 2)
    const rowCodes = new Int8Array(buffer, CODES + i * LENGTH, LENGTH)
    const maximum = Math.max(...row.map(Math.abs))
    assert.approximately(rowScale, maximum / 127, 1e-8)
    row.forEach((value, j) =>
      assert.isAtMost(Math.abs(value - (rowCodes[j] ?? 0) * rowScale), rowScale * 0.5001)
    )
    const errors = Array.from(row, (value, j) => value - (rowCodes[j] ?? 0) * rowScale)
    assert.approximately(squaredError, dot(errors, errors), 1e-8)
    return rowCodes
  })
  const query = Int16Array.from({ length: LENGTH }, () => random.int(65_535) - 32_767)
  new Int16Array(buffer, QUERY, LENGTH).set(query)
  new Uint32Array(buffer, LIST, ROWS).set(rows.map((_, i) => CODES + i * LENGTH))
  dotsI8(LIST, ROWS, LENGTH, QUERY, OUT)
  const sums = codes.map((rowCodes) => dot(rowCodes, query))
  assert.deepStrictEqual(Array.from(new Int32Array(buffer, OUT, ROWS)), sums)
  new Float32Array(buffer, SCALES, ROWS).set(sums.map((_, i) => i + 1))
  new Float32Array(buffer, QUERY, 1).set([0.5])
  scale(OUT, SCALES, ROWS, QUERY)
  const scaled = sums.map((sum, i) => Math.fround(Math.fround(Math.fround(sum) * (i + 1)) * 0.5))
  assert.deepStrictEqual(Array.from(new Float32Array(buffer, OUT, ROWS)), scaled)
})

it("a row of zeroes is encoded with scale 1", () => {
  const { buffer, encode } = setUp()
  new Float32Array(buffer, FLOATS, LENGTH).fill(0)
  encode(FLOATS, STRIDE, CODES, OUT)
  assert.deepStrictEqual(Array.from(new Float32Array(buffer, OUT, 2)), [1, 0])
})

it("maxima finds the greatest score of each block, wherever it is", () => {
  const { buffer, maxima, random } = setUp()
  const scores = new Float32Array(buffer, FLOATS, 2 * BLOCK)
  for (let i = 0; i < BLOCK; i++) {
    scores.forEach((_, j) => (scores[j] = random.next() - 1))
    scores[i] = 0.25
    scores[2 * BLOCK - 1 - i] = 0.75
    maxima(FLOATS, 2 * BLOCK, OUT)
    assert.deepStrictEqual(Array.from(new Float32Array(buffer, OUT, 2)), [0.25, 0.75])
  }
})
