import { type MemoryError, SLICE_MS, type TermSettings } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { BLOCK_POINTS, BLOCKS_FROM_ROWS } from "../../codec/blockBlob.ts"
import { LAST_LOCAL } from "../../codec/memoryRow.ts"
import type { CommitQueue } from "../../connection/CommitQueue.ts"
import type { BlockTable } from "../../tables/BlockTable.ts"
import type { ScopeTable } from "../../tables/ScopeTable.ts"
import type { IndexLoader } from "../IndexLoader.ts"
import type { WasmArena } from "../vectors/WasmArena.ts"
import { BlockBuilder } from "./BlockBuilder.ts"
import type { UnblockedRange } from "./Unblocked.ts"

/** About how many rows a slice's blocks are worth, to the checkpoints of the log. */
const ROWS_PER_SLICE = 128

export interface BlockServices {
  readonly commits: CommitQueue
  readonly scopes: ScopeTable
  readonly blocks: BlockTable
  readonly loader: IndexLoader
  readonly arena: WasmArena
  /** Of the weights. */
  readonly settings: TermSettings
}

type Ranges = ReadonlyArray<UnblockedRange>

/** Writes blocks of what a load has read passage by passage, in slices: a kill loses the slice under way. */
export class BlockWriter {
  readonly #services: BlockServices

  constructor(services: BlockServices) {
    this.#services = services
  }

  write(sid: number, ranges: Ranges): Effect.Effect<void, MemoryError> {
    if (ranges.length === 0) return Effect.void
    return Effect.flatMap(
      this.#services.commits.write(() => this.#writeSlice(sid, ranges), ROWS_PER_SLICE),
      (left) => this.write(sid, left)
    )
  }

  /** Inside a transaction, in which no row changes. @returns what is left */
  #writeSlice(sid: number, ranges: Ranges): Ranges {
    const row = this.#services.scopes.findBySid(sid)
    if (row === null || row.rows <= BLOCKS_FROM_ROWS) return []
    const deadline = performance.now() + SLICE_MS
    let left = ranges
    do left = this.#writeBlock(sid, row.seq, left)
    while (left.length > 0 && performance.now() < deadline)
    return left
  }

  #writeBlock(sid: number, seq: number, [range, ...others]: Ranges): Ranges {
    if (range === undefined || !this.#isFree(sid, range)) return others
    const { arena, blocks, loader, settings } = this.#services
    const { after, replaces, through } = range
    const builder = new BlockBuilder(arena, settings, after)
    const read = loader.readNew(sid, builder, through, BLOCK_POINTS)
    const isWhole = read < BLOCK_POINTS
    // The scope's last rows get a block when there are enough of them; a damaged row is told of at each load.
    const isBlock = builder.points > 0 && !builder.isDamaged && !(isWhole && through === LAST_LOCAL)
    const last = isWhole ? through : builder.lastLocal
    if (replaces) blocks.delete(sid, after, last)
    if (isBlock) blocks.insert(sid, after, builder.content(seq, last))
    return isWhole || builder.isDamaged ? others : [{ ...range, after: last }, ...others]
  }

  /** Another process may have written blocks meanwhile: no two may cover one number. */
  #isFree(sid: number, { after, replaces, through }: UnblockedRange): boolean {
    const { blocks } = this.#services
    const isCovered = after >= 0 && blocks.coveredThrough(sid, after) > after
    return !isCovered && (replaces || !blocks.hasAny(sid, after, through))
  }
}
