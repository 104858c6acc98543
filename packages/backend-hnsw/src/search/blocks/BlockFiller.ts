import type { Passage, TermSettings } from "@keepsake/core/driver"
import { BLOCK_POINTS } from "../../codec/blockBlob.ts"
import type { ExtraPlace } from "../../codec/bodyBlob.ts"
import type { IndexedRow } from "../../codec/memoryRow.ts"
import type { BlockTable } from "../../tables/BlockTable.ts"
import type { AddedRows, Names } from "../../tables/ScopeChange.ts"
import type { WasmArena } from "../vectors/WasmArena.ts"
import { BlockBuilder } from "./BlockBuilder.ts"

/** Fewer passages at the end of a write wait for the next load. */
export const FILLED_MIN = BLOCK_POINTS / 4

/** Makes blocks of the rows of a write, as they come: the first load need not read them one by one. */
export class BlockFiller implements AddedRows {
  readonly #blocks: BlockTable
  readonly #sid: number
  readonly #seq: number
  readonly #builder: BlockBuilder
  #after: number

  /**
   * @param from the scope before the write
   * @param settings of the weights
   */
  constructor(
    blocks: BlockTable,
    from: { readonly sid: number; readonly next: number; readonly seq: number },
    arena: WasmArena,
    settings: TermSettings
  ) {
    this.#blocks = blocks
    this.#sid = from.sid
    this.#seq = from.seq
    this.#after = from.next - 1
    this.#builder = new BlockBuilder(arena, settings, this.#after)
  }

  add(row: IndexedRow, names: Names, first: Passage, isWhole: boolean): void {
    this.#builder.addWritten(row, names, first, isWhole)
    if (this.#builder.points === BLOCK_POINTS) this.#write()
  }

  addExtra(rid: number, place: ExtraPlace, passage: Passage): void {
    this.#builder.addWrittenExtra(rid, place, passage)
    if (this.#builder.points === BLOCK_POINTS) this.#write()
  }

  #write(): void {
    const { lastLocal } = this.#builder
    this.#blocks.insert(this.#sid, this.#after, this.#builder.content(this.#seq, lastLocal))
    this.#after = lastLocal
    this.#builder.restart()
  }

  /** After the last row. */
  finish(): void {
    if (this.#builder.points >= FILLED_MIN) this.#write()
  }
}
