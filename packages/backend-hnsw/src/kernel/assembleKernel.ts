/** How the kernels are made: `scripts/make-kernel.ts` writes them into `kernelModule.ts`. */
import {
  assemble,
  type Code,
  extractLane,
  F32,
  f32,
  type Func,
  get,
  I32,
  i32,
  load,
  loopWhile,
  op,
  set,
  store,
  V128,
  zeroV128
} from "./assembler.ts"
import { BLOCK, CODE_MAX, LANES, MAX_PAGES } from "./kernel.ts"

/**
 * `f(list, count, stride, query, out)`: `list` holds the addresses of `count` rows (a multiple of `LANES`) of `stride`
 * bytes; `out` receives their dot products with `query`.
 */
const [LIST, COUNT, STRIDE, QUERY, OUT] = [0, 1, 2, 3, 4]
/** The current row (of `COUNT`), the byte offset within it, and the addresses of the group's rows. */
const [ROW, BYTE, ROW_ADDRESS] = [5, 6, 7]
const I32_LOCALS = 2 + LANES
const LANE_INDEXES = [0, 1, 2, 3]

const add = (a: Code, b: Code): Code => op("i32.add", a, b)
const addF32 = (a: Code, b: Code): Code => op("f32.add", a, b)
const maxF32 = (a: Code, b: Code): Code => op("f32.max", a, b)
const increase = (local: number, by: number): Code => set(local, add(get(local), i32(by)))
const timesTwo = (value: Code): Code => op("i32.shl", value, i32(1))
const timesFour = (value: Code): Code => op("i32.shl", value, i32(2))

/** Loops over groups of rows and, within a group, over `BYTE`; `prepare`, `step` and `finish` serve one group. */
const forEachGroup = (prepare: Code, step: Code, stepBytes: number, finish: Code): Code => [
  set(ROW, i32(0)),
  loopWhile(op("i32.lt_u", get(ROW), get(COUNT)), [
    LANE_INDEXES.map((r) =>
      set(ROW_ADDRESS + r, load("i32.load", add(get(LIST), timesFour(get(ROW))), 4 * r))
    ),
    prepare,
    set(BYTE, i32(0)),
    loopWhile(op("i32.lt_u", get(BYTE), get(STRIDE)), [step, increase(BYTE, stepBytes)]),
    finish,
    increase(ROW, LANES)
  ])
]

const outAddress = add(get(OUT), timesFour(get(ROW)))
const rowPart = (r: number, offset: number): Code =>
  load("v128.load", add(get(ROW_ADDRESS + r), get(BYTE)), offset)

/** Float rows. Two sums per row hide the latency of the additions. Strides are multiples of 32 bytes. */
const dotsF32 = (): Func => {
  const FIRST_LOCAL = ROW_ADDRESS + LANES
  const [QUERY0, QUERY1, SUMS] = [FIRST_LOCAL, FIRST_LOCAL + 1, FIRST_LOCAL + 2]
  const even = (r: number) => SUMS + 2 * r
  const odd = (r: number) => SUMS + 2 * r + 1
  const addProduct = (sum: number, r: number, offset: number, query: number) =>
    set(sum, op("f32x4.add", get(sum), op("f32x4.mul", rowPart(r, offset), get(query))))
  const total = (r: number): Code => {
    const lane = (i: number) =>
      addF32(
        extractLane("f32x4.extract_lane", get(even(r)), i),
        extractLane("f32x4.extract_lane", get(odd(r)), i)
      )
    return addF32(addF32(lane(0), lane(1)), addF32(lane(2), lane(3)))
  }
  return {
    name: "dotsF32",
    parameters: 5,
    locals: [
      [I32_LOCALS, I32],
      [2 + 2 * LANES, V128]
    ],
    body: forEachGroup(
      LANE_INDEXES.map((r) => [set(even(r), zeroV128), set(odd(r), zeroV128)]),
      [
        set(QUERY0, load("v128.load", add(get(QUERY), get(BYTE)))),
        set(QUERY1, load("v128.load", add(get(QUERY), get(BYTE)), 16)),
        LANE_INDEXES.map((r) => [addProduct(even(r), r, 0, QUERY0), addProduct(odd(r), r, 16, QUERY1)])
      ],
      32,
      LANE_INDEXES.map((r) => store("f32.store", outAddress, total(r), 4 * r))
    )
  }
}

/** Rows of signed bytes, a query of signed 16-bit numbers; 32-bit sums, which the caller keeps from overflowing. */
const dotsI8 = (): Func => {
  const FIRST_LOCAL = ROW_ADDRESS + LANES
  const [QUERY0, QUERY1, CODES, SUMS] = [FIRST_LOCAL, FIRST_LOCAL + 1, FIRST_LOCAL + 2, FIRST_LOCAL + 3]
  const queryAddress = add(get(QUERY), timesTwo(get(BYTE)))
  const addProducts = (r: number, codes: Code, query: number): Code =>
    set(SUMS + r, op("i32x4.add", get(SUMS + r), op("i32x4.dot_i16x8_s", codes, get(query))))
  const total = (r: number): Code =>
    LANE_INDEXES.map((i) => extractLane("i32x4.extract_lane", get(SUMS + r), i)).reduce(add)
  return {
    name: "dotsI8",
    parameters: 5,
    locals: [
      [I32_LOCALS, I32],
      [3 + LANES, V128]
    ],
    body: forEachGroup(
      LANE_INDEXES.map((r) => set(SUMS + r, zeroV128)),
      [
        set(QUERY0, load("v128.load", queryAddress)),
        set(QUERY1, load("v128.load", queryAddress, 16)),
        LANE_INDEXES.map((r) => [
          set(CODES, rowPart(r, 0)),
          addProducts(r, op("i16x8.extend_low_i8x16_s", get(CODES)), QUERY0),
          addProducts(r, op("i16x8.extend_high_i8x16_s", get(CODES)), QUERY1)
        ])
      ],
      16,
      LANE_INDEXES.map((r) => store("i32.store", outAddress, total(r), 4 * r))
    )
  }
}

/** `scale(sums, scales, count, factor)`: turns each i32 of `sums` into an f32 times its scale times the f32 at `factor`. */
const scale = (): Func => {
  const [SUMS, SCALES, SUM_COUNT, FACTOR, OFFSET, FACTORS] = [0, 1, 2, 3, 4, 5]
  const sumAddress = add(get(SUMS), get(OFFSET))
  const scales = load("v128.load", add(get(SCALES), get(OFFSET)))
  const sums = op("f32x4.convert_i32x4_s", load("v128.load", sumAddress))
  return {
    name: "scale",
    parameters: 4,
    locals: [
      [1, I32],
      [1, V128]
    ],
    body: [
      set(FACTORS, load("v128.load32_splat", get(FACTOR))),
      loopWhile(op("i32.lt_u", get(OFFSET), timesFour(get(SUM_COUNT))), [
        store("v128.store", sumAddress, op("f32x4.mul", op("f32x4.mul", sums, scales), get(FACTORS))),
        increase(OFFSET, 16)
      ])
    ]
  }
}

/** `maxima(scores, count, out)`: the maximum of each `BLOCK` of f32 scores; `count` is a multiple of it. */
const maxima = (): Func => {
  const [SCORES, SCORE_COUNT, RESULT, OFFSET, MAXIMUM] = [0, 1, 2, 3, 4]
  const part = (i: number) => load("v128.load", add(get(SCORES), get(OFFSET)), 16 * i)
  const otherParts = Array.from({ length: BLOCK / 4 - 1 }, (_, i) => part(i + 1))
  const lanes = LANE_INDEXES.map((i) => extractLane("f32x4.extract_lane", get(MAXIMUM), i))
  return {
    name: "maxima",
    parameters: 3,
    locals: [
      [1, I32],
      [1, V128]
    ],
    body: loopWhile(op("i32.lt_u", get(OFFSET), timesFour(get(SCORE_COUNT))), [
      set(
        MAXIMUM,
        otherParts.reduce((a, b) => op("f32x4.max", a, b), part(0))
      ),
      store("f32.store", get(RESULT), lanes.reduce(maxF32)),
      increase(RESULT, 4),
      increase(OFFSET, 4 * BLOCK)
    ])
  }
}

/**
 * `encode(source, stride, codes, out)` quantises the f32 row at `source` to signed bytes at `codes`: `out` receives the
 * scale, by which codes are multiplied to get numbers, and ‖row − codes · scale‖². `stride` is the f32 row's, in bytes.
 */
const encode = (): Func => {
  const [SOURCE, SOURCE_BYTES, CODES, RESULT, OFFSET, SCALE] = [0, 1, 2, 3, 4, 5]
  /** `TEMPORARY` is the maximum of each lane in the first pass, the error in the second. */
  const [TEMPORARY, SCALES, SQUARED_ERROR, QUOTIENTS] = [6, 7, 8, 9]
  const source = (i: number) => load("v128.load", add(get(SOURCE), get(OFFSET)), 16 * i)
  const toI32x4 = (i: number): Code => op("i32x4.trunc_sat_f32x4_s", get(QUOTIENTS + i))
  const reduceLanes = (local: number, join: (a: Code, b: Code) => Code): Code =>
    LANE_INDEXES.map((i) => extractLane("f32x4.extract_lane", get(local), i)).reduce(join)
  const pass = (body: Code): Code => [
    set(OFFSET, i32(0)),
    loopWhile(op("i32.lt_u", get(OFFSET), get(SOURCE_BYTES)), [body, increase(OFFSET, 64)])
  ]
  const round = (i: number): Code => [
    set(QUOTIENTS + i, op("f32x4.nearest", op("f32x4.div", source(i), get(SCALES)))),
    set(TEMPORARY, op("f32x4.sub", source(i), op("f32x4.mul", get(QUOTIENTS + i), get(SCALES)))),
    set(SQUARED_ERROR, op("f32x4.add", get(SQUARED_ERROR), op("f32x4.mul", get(TEMPORARY), get(TEMPORARY))))
  ]
  const narrow = (i: number): Code => op("i16x8.narrow_i32x4_s", toI32x4(i), toI32x4(i + 1))
  return {
    name: "encode",
    parameters: 4,
    locals: [
      [1, I32],
      [1, F32],
      [3 + LANES, V128]
    ],
    body: [
      set(TEMPORARY, zeroV128),
      pass(
        LANE_INDEXES.map((i) => set(TEMPORARY, op("f32x4.max", get(TEMPORARY), op("f32x4.abs", source(i)))))
      ),
      set(SCALE, op("f32.div", reduceLanes(TEMPORARY, maxF32), f32(CODE_MAX))),
      // 1 for a row of zeroes.
      set(SCALE, op("select", get(SCALE), f32(1), op("f32.ne", get(SCALE), f32(0)))),
      set(SCALES, op("f32x4.splat", get(SCALE))),
      set(SQUARED_ERROR, zeroV128),
      pass([
        LANE_INDEXES.map(round),
        store(
          "v128.store",
          add(get(CODES), op("i32.shr_u", get(OFFSET), i32(2))),
          op("i8x16.narrow_i16x8_s", narrow(0), narrow(2))
        )
      ]),
      store("f32.store", get(RESULT), get(SCALE), 0),
      store("f32.store", get(RESULT), reduceLanes(SQUARED_ERROR, addF32), 4)
    ]
  }
}

export const assembleKernel = (): Uint8Array<ArrayBuffer> =>
  assemble([dotsF32(), dotsI8(), scale(), maxima(), encode()], MAX_PAGES)
