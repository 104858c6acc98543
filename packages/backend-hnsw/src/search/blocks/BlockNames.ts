import type { Block } from "../../codec/blockBlob.ts"
import type { RowNames } from "../rows/RowNames.ts"
import type { StringInterner } from "../rows/StringInterner.ts"

const intern = (
  number: number,
  names: ReadonlyArray<string>,
  known: Array<number | undefined>,
  interner: StringInterner
): number => (number < 0 ? -1 : (known[number] ??= interner.intern(names[number] ?? null)))

/** A block's names as numbers of an index, which get one at their first row: names of removed rows get none. */
export class BlockNames {
  readonly #interned: RowNames
  readonly #sessions: ReadonlyArray<string>
  readonly #speakers: ReadonlyArray<string>
  readonly #sessionNumbers: Array<number | undefined> = []
  readonly #speakerNumbers: Array<number | undefined> = []

  constructor(block: Block, interned: RowNames) {
    this.#interned = interned
    ;[this.#sessions, this.#speakers] = block.names
  }

  session(number: number): number {
    return intern(number, this.#sessions, this.#sessionNumbers, this.#interned.sessions)
  }

  speaker(number: number): number {
    return intern(number, this.#speakers, this.#speakerNumbers, this.#interned.speakers)
  }
}
