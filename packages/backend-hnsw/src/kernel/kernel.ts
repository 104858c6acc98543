/** The inner loops of exact search in WebAssembly SIMD: 9 to 13 times as fast as a loop over a Float32Array. */
import { KERNEL_MODULE } from "./kernelModule.ts"

/** 4 GiB, the limit of a 32-bit memory. */
export const MAX_PAGES = 65_536

/** Rows scored together: each part of the query is loaded once for all of them. */
export const LANES = 4

/** Scores per maximum: a search skips most blocks without looking at their scores. */
export const BLOCK = 64

/** The greatest code. -128 is not used, so that codes are symmetric. */
export const CODE_MAX = 127

export type Dots = (list: number, count: number, stride: number, query: number, out: number) => void
export type Scale = (sums: number, scales: number, count: number, factor: number) => void
export type Maxima = (scores: number, count: number, out: number) => void
export type Encode = (source: number, stride: number, codes: number, out: number) => void

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** The part of the JavaScript API used here: TypeScript declares it only in its DOM library. */
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

export const makeKernel = (): Kernel => {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES })
  const module = new WebAssembly.Module(Uint8Array.from(Buffer.from(KERNEL_MODULE, "base64")))
  const { exports } = new WebAssembly.Instance(module, { m: { m: memory } })
  return {
    memory,
    dotsF32: exports["dotsF32"] as Dots,
    dotsI8: exports["dotsI8"] as Dots,
    scale: exports["scale"] as Scale,
    maxima: exports["maxima"] as Maxima,
    encode: exports["encode"] as Encode
  }
}
