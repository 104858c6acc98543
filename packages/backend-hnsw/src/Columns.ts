/** Bytes of a row in all columns. */
const ROW_BYTES = 3 * 8 + 4 * 4 + 1

/** Numbers of rows, by slot: one block of memory, since most scopes are small and there are many. */
export class Columns {
  #capacity = 0
  expires = new Float64Array(0)
  said = new Float64Array(0)
  turns = new Float64Array(0)
  locals = new Uint32Array(0)
  sessions = new Int32Array(0)
  speakers = new Int32Array(0)
  /** The slot before in the same session, of those that have a turn; or -1. */
  before = new Int32Array(0)
  flags = new Uint8Array(0)

  constructor(rows: number) {
    this.reserve(Math.max(1, rows))
  }

  get bytes(): number {
    return ROW_BYTES * this.#capacity
  }

  /** Makes room for so many rows: half as much again, so that copies stay rare. */
  reserve(rows: number): void {
    if (rows <= this.#capacity) return
    const capacity = Math.max(rows, Math.ceil(this.#capacity * 1.5))
    const block = new ArrayBuffer(ROW_BYTES * capacity)
    let at = 0
    const next = (bytes: number): number => {
      at += bytes * capacity
      return at - bytes * capacity
    }
    const moved = <A extends Float64Array | Uint32Array | Int32Array | Uint8Array>(to: A, from: A): A => {
      to.set(from)
      return to
    }
    this.expires = moved(new Float64Array(block, next(8), capacity), this.expires)
    this.said = moved(new Float64Array(block, next(8), capacity), this.said)
    this.turns = moved(new Float64Array(block, next(8), capacity), this.turns)
    this.locals = moved(new Uint32Array(block, next(4), capacity), this.locals)
    this.sessions = moved(new Int32Array(block, next(4), capacity), this.sessions)
    this.speakers = moved(new Int32Array(block, next(4), capacity), this.speakers)
    this.before = moved(new Int32Array(block, next(4), capacity), this.before)
    this.flags = moved(new Uint8Array(block, next(1), capacity), this.flags)
    this.#capacity = capacity
  }
}
