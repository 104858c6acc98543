/** Tensors of a `.safetensors` file as numbers. */
import { invalidInput } from "@keepsake/core/driver"

export interface Tensor {
  readonly shape: ReadonlyArray<number>
  readonly values: ArrayLike<number>
}

interface Entry {
  readonly dtype: string
  readonly shape: ReadonlyArray<number>
  readonly data_offsets: readonly [number, number]
}

const broken = (problem: string) => invalidInput("embedder", `the table's model.safetensors ${problem}`)

/** A half-precision number by its 16 bits. */
const toHalf = (bits: number): number => {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits & 0x80_00 ? -size : size
}

const READERS: Readonly<Record<string, (bytes: ArrayBuffer) => ArrayLike<number>>> = {
  F64: (bytes) => new Float64Array(bytes),
  F32: (bytes) => new Float32Array(bytes),
  F16: (bytes) => Float32Array.from(new Uint16Array(bytes), toHalf),
  BF16: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16).buffer),
  I8: (bytes) => new Int8Array(bytes),
  I32: (bytes) => new Int32Array(bytes),
  I64: (bytes) => Float64Array.from(new BigInt64Array(bytes), Number)
}

/** The length of the header stands first, in eight bytes. */
const HEADER_FROM = 8

/** The tensors by name; one that is not numbers fails when it is read. */
export const readSafetensors = (file: Uint8Array): ((name: string) => Tensor | undefined) => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.byteLength < HEADER_FROM) throw broken("is cut short")
  const from = HEADER_FROM + Number(view.getBigUint64(0, true))
  if (from > file.byteLength) throw broken("is cut short")
  const header = JSON.parse(new TextDecoder().decode(file.subarray(HEADER_FROM, from))) as Record<
    string,
    Entry
  >
  return (name) => {
    const entry = header[name]
    if (entry === undefined) return undefined
    const {
      data_offsets: [start, end],
      dtype,
      shape
    } = entry
    const read = READERS[dtype]
    if (read === undefined) throw broken(`has ${name} as ${dtype}, which is not supported`)
    if (from + end > file.byteLength) throw broken("is cut short")
    // A copy is aligned.
    return { shape, values: read(new Uint8Array(file.subarray(from + start, from + end)).buffer) }
  }
}
