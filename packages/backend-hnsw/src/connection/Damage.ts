/** Rows of an open file that were found to be damaged, or missing. */
import { warn } from "@keepsake/core/driver"
import type * as Effect from "effect/Effect"
import { DamagedRow } from "../codec/checksum.ts"
import { sidFromRid } from "../codec/memoryRow.ts"

/** Rows that a warning names. */
const NAMED_MAX = 10

export class Damage {
  readonly #path: string
  readonly #rowsBySid = new Map<number, Set<number>>()
  /** Rows that a scope counts and no table has. */
  readonly #missingBySid = new Map<number, number>()
  #unreported: Array<number> = []
  #unreportedMissing = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Runs `read`; null for a row that is damaged. */
  skip<A>(read: () => A): A | null {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error
      this.note(error.rid)
      return null
    }
  }

  note(rid: number): void {
    const sid = sidFromRid(rid)
    const rows = this.#rowsBySid.get(sid) ?? new Set()
    this.#rowsBySid.set(sid, rows)
    if (rows.has(rid)) return
    rows.add(rid)
    this.#unreported.push(rid)
  }

  noteMissing(sid: number, rows: number): void {
    if (this.#missingBySid.get(sid) === rows) return
    this.#missingBySid.set(sid, rows)
    this.#unreportedMissing += rows
  }

  /** Before a scope is read again. */
  forget(sid: number): void {
    this.#rowsBySid.delete(sid)
    this.#missingBySid.delete(sid)
  }

  /** Rows of a scope that cannot be read. */
  count(sid: number): number {
    return (this.#rowsBySid.get(sid)?.size ?? 0) + (this.#missingBySid.get(sid) ?? 0)
  }

  /** A warning about what was not reported yet; null without. */
  get report(): Effect.Effect<void> | null {
    const rids = this.#unreported
    const missing = this.#unreportedMissing
    if (rids.length === 0 && missing === 0) return null
    this.#unreported = []
    this.#unreportedMissing = 0
    const named = rids.slice(0, NAMED_MAX).join(", ") + (rids.length > NAMED_MAX ? ", …" : "")
    const parts = [
      ...(rids.length > 0 ? [`${rids.length} damaged (row ${named})`] : []),
      ...(missing > 0 ? [`${missing} missing`] : [])
    ]
    return warn(
      `Memories of ${this.#path} are ${parts.join(" and ")}: the rest serves. \`keepsake doctor\` names them, \`keepsake repair\` rebuilds what it can and lists what is lost.`
    )
  }
}
