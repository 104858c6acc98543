/**
 * Just enough of a WebAssembly assembler for the scan kernels (WebAssembly Core 2.0, chapter 5). Code is
 * nested lists of bytes; an instruction lists its operands first, as the machine wants them.
 */
export type Code = ReadonlyArray<number | Code>

export const I32 = 0x7f
export const F32 = 0x7d
export const V128 = 0x7b

const unsigned = (value: number): Array<number> => {
  const bytes: Array<number> = []
  let rest = value
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  return bytes
}

const signed = (value: number): Array<number> => {
  const bytes: Array<number> = []
  let rest = value
  for (;;) {
    const byte = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}

const flat = (code: Code): Array<number> =>
  code.flatMap((part) => (typeof part === "number" ? [part] : flat(part)))
const vector = (items: ReadonlyArray<Code>): Code => [unsigned(items.length), ...items]
const section = (id: number, body: Code): Code => {
  const bytes = flat(body)
  return [id, unsigned(bytes.length), bytes]
}
const name = (text: string): Code => {
  const bytes = Array.from(new TextEncoder().encode(text))
  return [unsigned(bytes.length), bytes]
}

export const i32 = (value: number): Code => [0x41, signed(value)]
export const get = (local: number): Code => [0x20, unsigned(local)]
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)]
export const add = (a: Code, b: Code): Code => [a, b, 0x6a]
export const shl = (a: Code, bits: number): Code => [a, i32(bits), 0x74]
export const shr = (a: Code, bits: number): Code => [a, i32(bits), 0x76]
export const lessThan = (a: Code, b: Code): Code => [a, b, 0x49]
export const load32 = (address: Code, offset = 0): Code => [address, 0x28, 2, unsigned(offset)]
export const storeF32 = (address: Code, value: Code, offset: number): Code => [
  address,
  value,
  0x38,
  2,
  unsigned(offset)
]
export const storeI32 = (address: Code, value: Code, offset: number): Code => [
  address,
  value,
  0x36,
  2,
  unsigned(offset)
]
export const addF32 = (a: Code, b: Code): Code => [a, b, 0x92]
export const divF32 = (a: Code, b: Code): Code => [a, b, 0x95]
export const maxF32 = (a: Code, b: Code): Code => [a, b, 0x97]
export const f32 = (value: number): Code => [0x43, Array.from(new Uint8Array(Float32Array.of(value).buffer))]
/** `value`, or `instead` where it is 0. */
export const nonZeroF32 = (value: Code, instead: Code): Code => [value, instead, value, f32(0), 0x5c, 0x1b]

const simd = (opcode: number): Code => [0xfd, unsigned(opcode)]
/** Alignment is a hint, and rows of 16-byte multiples are aligned. */
export const loadVector = (address: Code, offset = 0): Code => [address, simd(0x00), 4, unsigned(offset)]
/** The f32 at an address in all lanes. */
export const loadSplat = (address: Code): Code => [address, simd(0x09), 2, 0]
export const zeroVector: Code = [simd(0x0c), Array.from({ length: 16 }, () => 0)]
export const addF32x4 = (a: Code, b: Code): Code => [a, b, simd(0xe4)]
export const mulF32x4 = (a: Code, b: Code): Code => [a, b, simd(0xe6)]
export const subF32x4 = (a: Code, b: Code): Code => [a, b, simd(0xe5)]
export const divF32x4 = (a: Code, b: Code): Code => [a, b, simd(0xe7)]
export const maxF32x4 = (a: Code, b: Code): Code => [a, b, simd(0xe9)]
export const absF32x4 = (v: Code): Code => [v, simd(0xe0)]
/** To the nearest whole number, half to even. */
export const roundF32x4 = (v: Code): Code => [v, simd(0x6a)]
export const splatF32 = (value: Code): Code => [value, simd(0x13)]
export const laneF32 = (v: Code, lane: number): Code => [v, simd(0x1f), lane]
export const addI32x4 = (a: Code, b: Code): Code => [a, b, simd(0xae)]
/** Pairwise products of eight 16-bit lanes, neighbours added: four 32-bit lanes. */
export const dotI16x8 = (a: Code, b: Code): Code => [a, b, simd(0xba)]
export const lowI8toI16 = (v: Code): Code => [v, simd(0x87)]
export const highI8toI16 = (v: Code): Code => [v, simd(0x88)]
export const toF32x4 = (v: Code): Code => [v, simd(0xfa)]
export const toI32x4 = (v: Code): Code => [v, simd(0xf8)]
/** Two vectors' lanes in half the bits, saturating. */
export const narrowI32toI16 = (a: Code, b: Code): Code => [a, b, simd(0x85)]
export const narrowI16toI8 = (a: Code, b: Code): Code => [a, b, simd(0x65)]
export const storeVector = (address: Code, value: Code): Code => [address, value, simd(0x0b), 4, 0]
export const laneI32 = (v: Code, lane: number): Code => [v, simd(0x1b), lane]

/** Runs `body` while `condition` holds, looked at first. */
export const loopWhile = (condition: Code, body: Code): Code =>
  // block · loop · br_if out when not · body · br back · end · end
  [0x02, 0x40, 0x03, 0x40, condition, 0x45, 0x0d, 1, body, 0x0c, 0, 0x0b, 0x0b]

export interface Func {
  readonly name: string
  /** i32 parameters; they are the first locals. */
  readonly parameters: number
  /** Further locals as `[count, type]`, in order. */
  readonly locals: ReadonlyArray<readonly [number, number]>
  readonly body: Code
}

/** A module that imports its memory as `m.m` and exports its functions. */
export const assemble = (functions: ReadonlyArray<Func>, maxPages: number): Uint8Array<ArrayBuffer> => {
  const types = functions.map(({ parameters }) => [
    0x60,
    vector(Array.from({ length: parameters }, () => [I32])),
    0
  ])
  const code = functions.map(({ body, locals }) => {
    const bytes = flat([vector(locals.map(([count, type]) => [unsigned(count), type])), body, 0x0b])
    return [unsigned(bytes.length), bytes]
  })
  return Uint8Array.from(
    flat([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, vector(types)),
      section(2, vector([[name("m"), name("m"), 0x02, 0x01, unsigned(1), unsigned(maxPages)]])),
      section(3, vector(functions.map((_, i) => unsigned(i)))),
      section(7, vector(functions.map((f, i) => [name(f.name), 0x00, unsigned(i)]))),
      section(10, vector(code))
    ])
  )
}
