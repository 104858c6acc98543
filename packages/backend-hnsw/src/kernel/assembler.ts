/**
 * A small WebAssembly assembler for the scan kernels (WebAssembly Core 2.0, chapter 5). Code is nested lists of bytes;
 * `op` takes an instruction by its spelling in the specification and writes its operands first.
 */
export type Code = ReadonlyArray<number | Code>

export const I32 = 0x7f
export const F32 = 0x7d
export const V128 = 0x7b
const FUNC = 0x60
const EMPTY_BLOCK = 0x40

const unsignedLeb128 = (value: number): Array<number> => {
  const bytes: Array<number> = []
  let rest = value
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  return bytes
}

const signedLeb128 = (value: number): Array<number> => {
  const bytes: Array<number> = []
  let rest = value
  for (;;) {
    const byte = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}

const flatten = (code: Code): Array<number> =>
  code.flatMap((part) => (typeof part === "number" ? [part] : flatten(part)))

/** A vector in the sense of the binary format: a count, then the items. */
const encodeVector = (items: ReadonlyArray<Code>): Code => [unsignedLeb128(items.length), ...items]

const encodeName = (text: string): Code => {
  const bytes = Array.from(new TextEncoder().encode(text))
  return [unsignedLeb128(bytes.length), bytes]
}

const encodeSection = (id: number, body: Code): Code => {
  const bytes = flatten(body)
  return [id, unsignedLeb128(bytes.length), bytes]
}

const simd = (opcode: number): ReadonlyArray<number> => [0xfd, ...unsignedLeb128(opcode)]

/** Instructions without immediates. */
const OPCODES = {
  "i32.add": [0x6a],
  "i32.eqz": [0x45],
  "i32.lt_u": [0x49],
  "i32.shl": [0x74],
  "i32.shr_u": [0x76],
  "f32.add": [0x92],
  "f32.div": [0x95],
  "f32.max": [0x97],
  "f32.ne": [0x5c],
  select: [0x1b],
  "f32x4.splat": simd(0x13),
  "f32x4.abs": simd(0xe0),
  "f32x4.add": simd(0xe4),
  "f32x4.sub": simd(0xe5),
  "f32x4.mul": simd(0xe6),
  "f32x4.div": simd(0xe7),
  "f32x4.max": simd(0xe9),
  "f32x4.nearest": simd(0x6a),
  "f32x4.convert_i32x4_s": simd(0xfa),
  "i32x4.add": simd(0xae),
  "i32x4.dot_i16x8_s": simd(0xba),
  "i32x4.trunc_sat_f32x4_s": simd(0xf8),
  "i16x8.extend_low_i8x16_s": simd(0x87),
  "i16x8.extend_high_i8x16_s": simd(0x88),
  "i16x8.narrow_i32x4_s": simd(0x85),
  "i8x16.narrow_i16x8_s": simd(0x65)
} as const

export const op = (name: keyof typeof OPCODES, ...operands: ReadonlyArray<Code>): Code => [
  ...operands,
  OPCODES[name]
]

/** `i32.const` */
export const i32 = (value: number): Code => [0x41, signedLeb128(value)]
/** `f32.const` */
export const f32 = (value: number): Code => [0x43, Array.from(new Uint8Array(Float32Array.of(value).buffer))]
/** `v128.const` with all bits 0 */
export const zeroV128: Code = [simd(0x0c), Array.from({ length: 16 }, () => 0)]

/** `local.get` */
export const get = (local: number): Code => [0x20, unsignedLeb128(local)]
/** `local.set` */
export const set = (local: number, value: Code): Code => [value, 0x21, unsignedLeb128(local)]

/** Opcodes, and the alignment each promises as a power of 2: a hint. Rows are multiples of 16 bytes. */
const MEMORY_OPCODES = {
  "i32.load": { opcode: [0x28], align: 2 },
  "i32.store": { opcode: [0x36], align: 2 },
  "f32.store": { opcode: [0x38], align: 2 },
  "v128.load": { opcode: simd(0x00), align: 4 },
  "v128.load32_splat": { opcode: simd(0x09), align: 2 },
  "v128.store": { opcode: simd(0x0b), align: 4 }
} as const

type Load = "i32.load" | "v128.load" | "v128.load32_splat"
type Store = "i32.store" | "f32.store" | "v128.store"

const memoryImmediates = (name: Load | Store, offset: number): Code => {
  const { align, opcode } = MEMORY_OPCODES[name]
  return [opcode, align, unsignedLeb128(offset)]
}

export const load = (name: Load, address: Code, offset = 0): Code => [address, memoryImmediates(name, offset)]
export const store = (name: Store, address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  memoryImmediates(name, offset)
]

const LANE_OPCODES = {
  "i32x4.extract_lane": simd(0x1b),
  "f32x4.extract_lane": simd(0x1f)
} as const

export const extractLane = (name: keyof typeof LANE_OPCODES, vector: Code, lane: number): Code => [
  vector,
  LANE_OPCODES[name],
  lane
]

const BLOCK = 0x02
const LOOP = 0x03
const END = 0x0b
const BR = 0x0c
const BR_IF = 0x0d

/** `while (condition) body`: a `block` with a `loop`; `br_if 1` leaves, `br 0` repeats. */
export const loopWhile = (condition: Code, body: Code): Code => [
  [BLOCK, EMPTY_BLOCK],
  [LOOP, EMPTY_BLOCK],
  [op("i32.eqz", condition), BR_IF, 1],
  body,
  [BR, 0],
  END,
  END
]

export interface Func {
  readonly name: string
  /** i32 parameters, the first locals. */
  readonly parameters: number
  /** Further locals as `[count, type]`, in order. */
  readonly locals: ReadonlyArray<readonly [number, number]>
  readonly body: Code
}

const encodeType = ({ parameters }: Func): Code => [
  FUNC,
  encodeVector(Array.from({ length: parameters }, () => [I32])),
  encodeVector([])
]

const encodeBody = ({ body, locals }: Func): Code => {
  const encodedLocals = encodeVector(locals.map(([count, type]) => [unsignedLeb128(count), type]))
  const bytes = flatten([encodedLocals, body, END])
  return [unsignedLeb128(bytes.length), bytes]
}

/** A module that imports its memory as `m.m` and exports its functions. */
export const assemble = (functions: ReadonlyArray<Func>, maxPages: number): Uint8Array<ArrayBuffer> => {
  const memoryImport = [
    encodeName("m"),
    encodeName("m"),
    [0x02, 0x01],
    unsignedLeb128(1),
    unsignedLeb128(maxPages)
  ]
  return Uint8Array.from(
    flatten([
      // "\0asm", version 1
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      encodeSection(1, encodeVector(functions.map(encodeType))),
      encodeSection(2, encodeVector([memoryImport])),
      encodeSection(3, encodeVector(functions.map((_, i) => unsignedLeb128(i)))),
      encodeSection(
        7,
        encodeVector(functions.map(({ name }, i) => [encodeName(name), 0x00, unsignedLeb128(i)]))
      ),
      encodeSection(10, encodeVector(functions.map(encodeBody)))
    ])
  )
}
