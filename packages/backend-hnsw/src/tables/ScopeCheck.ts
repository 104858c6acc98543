import type { DatabaseSync, StatementSync } from "node:sqlite"
import { DamagedIndex } from "../codec/checksum.ts"
import { LAST_LOCAL, makeRid } from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import type { Damage } from "../connection/Damage.ts"
import { bodyTable } from "../schema/schema.ts"
import { type Prepared, prepareLazily } from "./prepareLazily.ts"
import type { ScopeRow } from "./ScopeTable.ts"

/** Rows that are counted, and rows that are looked up one by one, in a few milliseconds: more are for the doctor. */
const COUNTED_MAX = 50_000
const FOUND_MAX = 10_000

/** Which rows there are: their number and the sum of their numbers. */
interface Tally {
  readonly n: number
  readonly sum: number | null
}

const selectTally = (db: DatabaseSync, how: string, where: string): Prepared =>
  prepareLazily(db, `SELECT count(*) AS n, sum(rid) AS sum FROM memory ${how} WHERE ${where}`)

/**
 * Whether the file's indexes have every row of a scope: what is not found through one that is damaged may be there. Looks
 * once at each scope.
 */
export class ScopeCheck {
  readonly #damage: Damage
  readonly #selectTable: Prepared
  readonly #selectIndexes: ReadonlyArray<Prepared>
  readonly #selectLost: Prepared
  readonly #selectBodiless: Prepared
  readonly #countRows: StatementSync
  readonly #listable = new Set<number>()
  readonly #findable = new Set<number>()

  constructor({ damage, db, generation }: Connection) {
    this.#damage = damage
    this.#selectTable = selectTally(db, "NOT INDEXED", "rid BETWEEN ? AND ?")
    this.#selectIndexes = ["memory_id", "memory_created"].map((index) =>
      selectTally(db, `INDEXED BY ${index}`, "sid = ?")
    )
    this.#selectLost = prepareLazily(
      db,
      "SELECT 1 FROM memory t NOT INDEXED WHERE t.rid BETWEEN ? AND ? AND NOT EXISTS " +
        "(SELECT 1 FROM memory i INDEXED BY memory_id WHERE i.sid = t.sid AND i.id = t.id AND i.rid = t.rid) LIMIT 1"
    )
    this.#selectBodiless = prepareLazily(
      db,
      "SELECT m.rid FROM memory m WHERE m.rid BETWEEN ? AND ? AND NOT EXISTS " +
        `(SELECT 1 FROM ${bodyTable(generation)} b WHERE b.rid = m.rid)`
    )
    this.#countRows = db.prepare("SELECT rows FROM scope WHERE sid = ?")
  }

  /** Before rows are listed. Throws `DamagedIndex` where one misses rows. */
  assertListable({ rows, sid }: ScopeRow): void {
    if (rows > COUNTED_MAX || this.#listable.has(sid)) return
    const table = this.#selectTable().get(makeRid(sid, 0), makeRid(sid, LAST_LOCAL)) as unknown as Tally
    for (const select of this.#selectIndexes) {
      const { n, sum } = select().get(sid) as unknown as Tally
      if (n !== table.n || sum !== table.sum) throw new DamagedIndex()
    }
    for (const { rid } of this.#selectBodiless().all(makeRid(sid, 0), makeRid(sid, LAST_LOCAL)))
      this.#damage.note(Number(rid))
    // Not the cached number: another process may have written since.
    const missing = Number(this.#countRows.get(sid)?.["rows"] ?? 0) - table.n
    if (missing > 0) this.#damage.noteMissing(sid, missing)
    this.#listable.add(sid)
  }

  /** Before an id is said to be unknown. Throws `DamagedIndex` where the index misses one. */
  assertFindable(row: ScopeRow): void {
    this.assertListable(row)
    const { rows, sid } = row
    if (rows > FOUND_MAX || this.#findable.has(sid)) return
    const lost = this.#selectLost().get(makeRid(sid, 0), makeRid(sid, LAST_LOCAL))
    if (lost !== undefined) throw new DamagedIndex()
    this.#findable.add(sid)
  }
}
