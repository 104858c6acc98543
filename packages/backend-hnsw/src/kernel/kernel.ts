/** The inner loops of exact search, in WebAssembly SIMD: 9 to 13 times a loop over a Float32Array. */
import {
  absF32x4,
  add,
  addF32,
  addF32x4,
  addI32x4,
  assemble,
  type Code,
  divF32,
  divF32x4,
  dotI16x8,
  F32,
  f32,
  type Func,
  get,
  highI8toI16,
  I32,
  i32,
  laneF32,
  laneI32,
  lessThan,
  load32,
  loadSplat,
  loadVector,
  loopWhile,
  lowI8toI16,
  maxF32,
  maxF32x4,
  mulF32x4,
  narrowI16toI8,
  narrowI32toI16,
  nonZeroF32,
  roundF32x4,
  set,
  shl,
  shr,
  splatF32,
  storeF32,
  storeI32,
  storeVector,
  subF32x4,
  toF32x4,
  toI32x4,
  V128,
  zeroVector
} from "./assembler.ts"

/** 4 GiB, what a 32-bit memory can have. */
export const MAX_PAGES = 65_536

/** Rows scored together: each part of the query is loaded once for all of them. */
export const LANES = 4

/**
 * `f(list, count, stride, query, out)`: `list` holds the addresses of `count` rows (a multiple of `LANES`)
 * of `stride` bytes; `out` receives their dot products with `query`.
 */
const [LIST, COUNT, STRIDE, QUERY, OUT] = [0, 1, 2, 3, 4]
/** The row being looked at (of `COUNT`), the byte in it, and the addresses of the rows. */
const [ROW, AT, P0] = [5, 6, 7]
const I32_LOCALS = 2 + LANES
const rows = [0, 1, 2, 3]
const increase = (local: number, by: number): Code => set(local, add(get(local), i32(by)))

/** Loops over groups of rows and, within, over `AT`; `prepare`, `step` and `finish` are about one group. */
const overGroups = (prepare: Code, step: Code, bytes: number, finish: Code): Code => [
  set(ROW, i32(0)),
  loopWhile(lessThan(get(ROW), get(COUNT)), [
    rows.map((r) => set(P0 + r, load32(add(get(LIST), shl(get(ROW), 2)), 4 * r))),
    prepare,
    set(AT, i32(0)),
    loopWhile(lessThan(get(AT), get(STRIDE)), [step, increase(AT, bytes)]),
    finish,
    increase(ROW, LANES)
  ])
]

const outAddress = add(get(OUT), shl(get(ROW), 2))
const place = (r: number): Code => add(get(P0 + r), get(AT))

/** Float rows. Two sums a row hide the latency of the additions. Strides are multiples of 32 bytes. */
const dotsF32 = (): Func => {
  const [Q0, Q1, SUM] = [P0 + LANES, P0 + LANES + 1, P0 + LANES + 2]
  const even = (r: number) => SUM + 2 * r
  const odd = (r: number) => SUM + 2 * r + 1
  const grow = (sum: number, r: number, offset: number, q: number) =>
    set(sum, addF32x4(get(sum), mulF32x4(loadVector(place(r), offset), get(q))))
  const total = (r: number): Code => {
    const lane = (i: number) => addF32(laneF32(get(even(r)), i), laneF32(get(odd(r)), i))
    return addF32(addF32(lane(0), lane(1)), addF32(lane(2), lane(3)))
  }
  return {
    name: "dotsF32",
    parameters: 5,
    locals: [
      [I32_LOCALS, I32],
      [2 + 2 * LANES, V128]
    ],
    body: overGroups(
      rows.map((r) => [set(even(r), zeroVector), set(odd(r), zeroVector)]),
      [
        set(Q0, loadVector(add(get(QUERY), get(AT)))),
        set(Q1, loadVector(add(get(QUERY), get(AT)), 16)),
        rows.map((r) => [grow(even(r), r, 0, Q0), grow(odd(r), r, 16, Q1)])
      ],
      32,
      rows.map((r) => storeF32(outAddress, total(r), 4 * r))
    )
  }
}

/** Rows of signed bytes, a query of signed 16-bit numbers; 32-bit sums, which the caller keeps from overflowing. */
const dotsI8 = (): Func => {
  const [LOW, HIGH, CODES, SUM] = [P0 + LANES, P0 + LANES + 1, P0 + LANES + 2, P0 + LANES + 3]
  const queryPlace = add(get(QUERY), shl(get(AT), 1))
  const total = (r: number): Code =>
    [0, 1, 2, 3].map((i) => laneI32(get(SUM + r), i)).reduce((a, b) => add(a, b))
  return {
    name: "dotsI8",
    parameters: 5,
    locals: [
      [I32_LOCALS, I32],
      [3 + LANES, V128]
    ],
    body: overGroups(
      rows.map((r) => set(SUM + r, zeroVector)),
      [
        set(LOW, loadVector(queryPlace)),
        set(HIGH, loadVector(queryPlace, 16)),
        rows.map((r) => [
          set(CODES, loadVector(place(r))),
          set(SUM + r, addI32x4(get(SUM + r), dotI16x8(lowI8toI16(get(CODES)), get(LOW)))),
          set(SUM + r, addI32x4(get(SUM + r), dotI16x8(highI8toI16(get(CODES)), get(HIGH))))
        ])
      ],
      16,
      rows.map((r) => storeI32(outAddress, total(r), 4 * r))
    )
  }
}

/** `scale(sums, scales, count, factor)`: each of the i32 `sums` becomes an f32, times its scale, times the f32 at `factor`. */
const scale = (): Func => {
  const [SUMS, SCALES, NUMBERS, FACTOR, AT4, WIDE] = [0, 1, 2, 3, 4, 5]
  const sum = add(get(SUMS), get(AT4))
  return {
    name: "scale",
    parameters: 4,
    locals: [
      [1, I32],
      [1, V128]
    ],
    body: [
      set(WIDE, loadSplat(get(FACTOR))),
      loopWhile(lessThan(get(AT4), shl(get(NUMBERS), 2)), [
        storeVector(
          sum,
          mulF32x4(mulF32x4(toF32x4(loadVector(sum)), loadVector(add(get(SCALES), get(AT4)))), get(WIDE))
        ),
        increase(AT4, 16)
      ])
    ]
  }
}

/** Scores whose greatest is noted, so that a search need look at few of them one by one. */
export const BLOCK = 64

/** `maxima(scores, count, out)`: the greatest of each `BLOCK` of f32 scores; `count` is a multiple of it. */
const maxima = (): Func => {
  const [SCORES, NUMBERS, RESULT, BYTE, MOST] = [0, 1, 2, 3, 4]
  const part = (i: number) => loadVector(add(get(SCORES), get(BYTE)), 16 * i)
  const parts = Array.from({ length: BLOCK / 4 - 1 }, (_, i) => part(i + 1))
  const across = [0, 1, 2, 3].map((lane) => laneF32(get(MOST), lane)).reduce(maxF32)
  return {
    name: "maxima",
    parameters: 3,
    locals: [
      [1, I32],
      [1, V128]
    ],
    body: loopWhile(lessThan(get(BYTE), shl(get(NUMBERS), 2)), [
      set(MOST, parts.reduce(maxF32x4, part(0))),
      storeF32(get(RESULT), across, 0),
      increase(RESULT, 4),
      increase(BYTE, 4 * BLOCK)
    ])
  }
}

/** The greatest code: -128 is not used, so that a code and its opposite are as good. */
export const CODE_MAX = 127

/**
 * `encode(source, stride, codes, out)` rounds the f32 row at `source` to one signed byte a dimension at `codes`:
 * `out` receives the scale, by which codes are multiplied to be numbers again, and ‖row − codes · scale‖².
 * `stride` is in bytes of the f32 row.
 */
const encode = (): Func => {
  const [SOURCE, BYTES, CODES, RESULT, BYTE, SCALE] = [0, 1, 2, 3, 4, 5]
  const [MOST, WIDE, SQUARES, PARTS] = [6, 7, 8, 9]
  const parts = [0, 1, 2, 3]
  const source = (i: number) => loadVector(add(get(SOURCE), get(BYTE)), 16 * i)
  const whole = (i: number): Code => toI32x4(get(PARTS + i))
  const across = (of: number, join: (a: Code, b: Code) => Code): Code =>
    parts.map((i) => laneF32(get(of), i)).reduce(join)
  const pass = (body: Code): Code => [
    set(BYTE, i32(0)),
    loopWhile(lessThan(get(BYTE), get(BYTES)), [body, increase(BYTE, 64)])
  ]
  const round = (i: number): Code => {
    const off = subF32x4(source(i), mulF32x4(get(PARTS + i), get(WIDE)))
    return [
      set(PARTS + i, roundF32x4(divF32x4(source(i), get(WIDE)))),
      set(MOST, off),
      set(SQUARES, addF32x4(get(SQUARES), mulF32x4(get(MOST), get(MOST))))
    ]
  }
  return {
    name: "encode",
    parameters: 4,
    locals: [
      [1, I32],
      [1, F32],
      [3 + parts.length, V128]
    ],
    body: [
      set(MOST, zeroVector),
      pass(parts.map((i) => set(MOST, maxF32x4(get(MOST), absF32x4(source(i)))))),
      set(SCALE, divF32(across(MOST, maxF32), f32(CODE_MAX))),
      set(SCALE, nonZeroF32(get(SCALE), f32(1))),
      set(WIDE, splatF32(get(SCALE))),
      set(SQUARES, zeroVector),
      pass([
        parts.map(round),
        storeVector(
          add(get(CODES), shr(get(BYTE), 2)),
          narrowI16toI8(narrowI32toI16(whole(0), whole(1)), narrowI32toI16(whole(2), whole(3)))
        )
      ]),
      storeF32(get(RESULT), get(SCALE), 0),
      storeF32(get(RESULT), across(SQUARES, addF32), 4)
    ]
  }
}

export type Dots = (list: number, count: number, stride: number, query: number, out: number) => void
export type Scale = (sums: number, scales: number, count: number, factor: number) => void
export type Maxima = (scores: number, count: number, out: number) => void
export type Encode = (source: number, stride: number, codes: number, out: number) => void

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** The part of the JavaScript API used here; TypeScript has it in its DOM library only. */
interface WebAssemblyApi {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => Memory
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (
    module: object,
    imports: { readonly m: { readonly m: Memory } }
  ) => { readonly exports: { readonly [name: string]: unknown } }
}

export interface Kernel {
  readonly memory: Memory
  readonly dotsF32: Dots
  readonly dotsI8: Dots
  readonly scale: Scale
  readonly maxima: Maxima
  readonly encode: Encode
}

/** About 1,800 bytes, compiled in well under a millisecond. */
const kernelBytes = (): Uint8Array<ArrayBuffer> =>
  assemble([dotsF32(), dotsI8(), scale(), maxima(), encode()], MAX_PAGES)

export const makeKernel = (): Kernel => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- part of every Node
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernelBytes()), { m: { m: memory } })
  // oxlint-disable typescript/no-unsafe-type-assertion -- the functions assembled above
  return {
    memory,
    dotsF32: exports["dotsF32"] as Dots,
    dotsI8: exports["dotsI8"] as Dots,
    scale: exports["scale"] as Scale,
    maxima: exports["maxima"] as Maxima,
    encode: exports["encode"] as Encode
  }
  // oxlint-enable typescript/no-unsafe-type-assertion
}
