import type { WasmArena } from "./WasmArena.ts"

/** Allocates rows of one size in the arena, unit by unit. */
export class ArenaRows {
  readonly #arena: WasmArena
  readonly #rowsPerUnit: number
  readonly #stride: number
  readonly #units: Array<number> = []
  #count = 0

  constructor(arena: WasmArena, rowsPerUnit: number, stride: number) {
    this.#arena = arena
    this.#rowsPerUnit = rowsPerUnit
    this.#stride = stride
  }

  /** The next row's address. */
  allocate(): number {
    return this.allocateRun(1).address
  }

  /** The next rows that lie beside each other, up to `wanted`. */
  allocateRun(wanted: number): { readonly address: number; readonly rows: number } {
    const row = this.#count % this.#rowsPerUnit
    if (row === 0) this.#units.push(this.#arena.allocateUnit())
    const rows = Math.min(wanted, this.#rowsPerUnit - row)
    this.#count += rows
    return { address: (this.#units.at(-1) ?? 0) + row * this.#stride, rows }
  }

  get bytes(): number {
    return this.#units.length * this.#arena.unitBytes
  }

  free(): void {
    for (const unit of this.#units) this.#arena.freeUnit(unit)
    this.#units.length = 0
    this.#count = 0
  }
}
