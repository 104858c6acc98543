import { BLOCK, CODE_MAX } from "../../kernel/kernel.ts"
import type { Scan } from "../../connection/Scan.ts"
import { growArray } from "../arrays/growArray.ts"
import type { ScoreBlocks } from "../arrays/ScratchArrays.ts"
import type { Quantised, WasmArena } from "./WasmArena.ts"

/** Points whose codes are compared before the event loop may run: some milliseconds. A multiple of `BLOCK`. */
const POINTS_OF_PART = 8_192
const QUERY_MAX = 32_767
const SUM_MAX = 2 ** 31 - 1

/**
 * Scalar quantisation: vectors as signed bytes, each with its own scale. The error of a dot product with a unit query
 * is bounded: |q·x − q̂·x̂| ≤ ‖x − x̂‖ + ‖q − q̂‖·‖x̂‖ (Cauchy–Schwarz).
 */
export class ScalarQuantizer {
  readonly #arena: WasmArena
  #scales = new Float32Array(0)
  /** The greatest ‖x − x̂‖ so far. */
  #maxRowError = 0

  constructor(arena: WasmArena) {
    this.#arena = arena
  }

  get bytes(): number {
    return this.#scales.byteLength
  }

  /** Records how `WasmArena.encode` quantised the point's vector. */
  record(point: number, { scale, squaredError }: Quantised): void {
    this.#scales = growArray(this.#scales, point + 1)
    this.#scales[point] = scale
    this.#maxRowError = Math.max(this.#maxRowError, Math.sqrt(squaredError))
  }

  /** Records how points from `first` on were quantised before. @param maxError as `maxRowError` was */
  append(first: number, scales: Float32Array, maxError: number): void {
    this.#scales = growArray(this.#scales, first + scales.length)
    this.#scales.set(scales, first)
    this.#maxRowError = Math.max(this.#maxRowError, maxError)
  }

  /**
   * Approximate cosines of the points from `from` on, and the bound of their error. A point without a vector has address
   * 0 and an arbitrary score. The scores are scratch arrays.
   */
  *scan(
    query: Float32Array,
    addresses: Uint32Array,
    from: number
  ): Scan<ScoreBlocks & { readonly errorBound: number }> {
    let maximum = 0
    for (let i = 0; i < query.length; i++) maximum = Math.max(maximum, Math.abs(query[i] ?? 0))
    // Σ |code|·|q̂| must fit 32 bits.
    const range = Math.min(QUERY_MAX, Math.floor(SUM_MAX / (CODE_MAX * this.#arena.codeStride)))
    const scale = maximum / range || 1
    const rounded = Int16Array.from(query, (value) => Math.round(value / scale))
    let squaredError = 0
    for (let i = 0; i < query.length; i++) squaredError += ((query[i] ?? 0) - (rounded[i] ?? 0) * scale) ** 2
    const blocks = this.#arena.scratch.scores(addresses.length - from)
    for (let start = from; start < addresses.length; start += POINTS_OF_PART) {
      if (start > from) yield
      const part = {
        scores: blocks.scores.subarray(start - from),
        maxima: blocks.maxima.subarray((start - from) / BLOCK)
      }
      // Others may have asked meanwhile.
      this.#arena.setCodeQuery(rounded)
      this.#arena.dotsI8(
        addresses.subarray(start, start + POINTS_OF_PART),
        this.#scales.subarray(start),
        scale,
        part
      )
    }
    // The last term covers intermediate rounding to f32.
    const errorBound = this.#maxRowError + Math.sqrt(squaredError) * (1 + this.#maxRowError) + 1e-5
    return { ...blocks, errorBound }
  }
}
