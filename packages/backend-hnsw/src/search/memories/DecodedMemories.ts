import type { Excerpt, Memory, Scope } from "@keepsake/core/driver"
import type { KnownFacts, PackedRecords } from "./PackedRecords.ts"

/** Of the fields. */
const FIELDS_BYTES = 1_000
/** Of a content that is not decoded. */
const CONTENT_BYTES = 200

/** A row as a search needs it: its memory, and the excerpt that is the whole of it, once one is made. */
export interface Decoded {
  readonly memory: Memory
  excerpt: Excerpt | null
  /** Approximate size. */
  readonly bytes: number
}

/** A memory that is decoded already. */
export class DecodedMemory implements Decoded {
  readonly memory: Memory
  excerpt: Excerpt | null = null

  constructor(memory: Memory) {
    this.memory = memory
  }

  get bytes(): number {
    return FIELDS_BYTES + 2 * this.memory.content.length
  }
}

/** A memory that is decoded when it is asked for: of the rows around its hits a recall reads the texts of few. */
export class PackedMemory implements Decoded {
  excerpt: Excerpt | null = null
  readonly bytes = FIELDS_BYTES + CONTENT_BYTES
  readonly #scope: Scope
  readonly #facts: KnownFacts
  readonly #records: PackedRecords
  readonly #record: number
  #memory: Memory | null = null

  /** @param records that are not freed */
  constructor(scope: Scope, facts: KnownFacts, records: PackedRecords, record: number) {
    this.#scope = scope
    this.#facts = facts
    this.#records = records
    this.#record = record
  }

  get memory(): Memory {
    return (this.#memory ??= this.#records.get(this.#scope, this.#record, this.#facts))
  }
}

/** A scope's memories as decoded for a search, by slot: the next search often finds the same ones. */
export class DecodedMemories {
  /** Created with the first memory: most scopes are searched once. */
  #memories: Map<number, Decoded> | null = null
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get(slot: number): Decoded | undefined {
    return this.#memories?.get(slot)
  }

  set(slot: number, decoded: Decoded): void {
    this.delete(slot)
    this.#memories ??= new Map()
    this.#memories.set(slot, decoded)
    this.#bytes += decoded.bytes
  }

  delete(slot: number): void {
    const decoded = this.#memories?.get(slot)
    if (decoded === undefined) return
    this.#memories?.delete(slot)
    this.#bytes -= decoded.bytes
  }

  clear(): void {
    this.#memories = null
    this.#bytes = 0
  }
}
