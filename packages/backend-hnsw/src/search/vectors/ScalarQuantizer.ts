import type { WasmArena } from "./WasmArena.ts"
import { growArray } from "../arrays/growArray.ts"
import { CODE_MAX } from "../../kernel/kernel.ts"
import type { Scored } from "../arrays/ScratchArrays.ts"

const QUERY_MAX = 32_767
const SUM_MAX = 2 ** 31 - 1

/**
 * Vectors rounded to one signed byte a dimension, each with a scale of its own. The error of a dot product with
 * a unit query is bounded: |q·x − q̂·x̂| ≤ ‖x − x̂‖ + ‖q − q̂‖·‖x̂‖ (Cauchy and Schwarz).
 */
export class ScalarQuantizer {
  readonly #arena: WasmArena
  #scales = new Float32Array(0)
  /** The greatest ‖x − x̂‖ so far. */
  #rowError = 0

  constructor(arena: WasmArena) {
    this.#arena = arena
  }

  get bytes(): number {
    return this.#scales.byteLength
  }

  /** The slot's codes have been made. */
  note(slot: number, { scale, square }: { readonly scale: number; readonly square: number }): void {
    this.#scales = growArray(this.#scales, slot + 1)
    this.#scales[slot] = scale
    this.#rowError = Math.max(this.#rowError, Math.sqrt(square))
  }

  /**
   * Approximate cosines of the slots from `from` on, and how far they may be off. A slot without a vector has an
   * address of 0 and some score. The scores are scratch.
   */
  scan(query: Float32Array, addresses: Uint32Array, from: number): Scored & { readonly error: number } {
    let greatest = 0
    for (let i = 0; i < query.length; i++) greatest = Math.max(greatest, Math.abs(query[i] ?? 0))
    // Σ |code|·|q̂| must fit 32 bits.
    const range = Math.min(QUERY_MAX, Math.floor(SUM_MAX / (CODE_MAX * this.#arena.codeStride)))
    const scale = greatest / range || 1
    const rounded = Int16Array.from(query, (value) => Math.round(value / scale))
    let square = 0
    for (let i = 0; i < query.length; i++) square += ((query[i] ?? 0) - (rounded[i] ?? 0) * scale) ** 2
    this.#arena.setCodeQuery(rounded)
    const scored = this.#arena.scratch.scored(addresses.length - from)
    this.#arena.dotsI8(addresses.subarray(from), this.#scales.subarray(from), scale, scored)
    // The last term is for rounding to f32 along the way.
    return { ...scored, error: this.#rowError + Math.sqrt(square) * (1 + this.#rowError) + 1e-5 }
  }
}
