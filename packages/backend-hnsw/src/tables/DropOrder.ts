import { LAST_LOCAL, makeRid, PINNED } from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import { type Prepared, prepareLazily } from "./prepareLazily.ts"

/** A row that makes room for a write. */
export interface DoomedRow {
  readonly rid: number
  readonly bytes: number
}

interface AgedRow extends DoomedRow {
  readonly id: string
  readonly said_at: number
}

/** Rows read at once: most writes need one or two. */
const BATCH = 64
const BEFORE_ALL = { said_at: -9e15, id: "" }

/** Which rows of a scope make room for a write, first those that go first. Call it inside a transaction. */
export class DropOrder {
  readonly #selectExpired: Prepared
  readonly #selectAged: Prepared
  readonly #selectSuperseded: Prepared

  constructor({ db }: Connection) {
    const columns = "SELECT rid, id, bytes, said_at FROM memory"
    this.#selectExpired = prepareLazily(
      db,
      `${columns} INDEXED BY memory_expiry WHERE expires_at <= ? AND rid BETWEEN ? AND ?`
    )
    this.#selectAged = prepareLazily(
      db,
      `${columns} WHERE rid BETWEEN ? AND ? AND ((flags & ${PINNED}) <> 0) = ? AND (said_at, id) > (?, ?) ` +
        `AND (expires_at IS NULL OR expires_at > ?) ORDER BY said_at, id LIMIT ${BATCH}`
    )
    this.#selectSuperseded = prepareLazily(db, "SELECT id FROM memory WHERE sid = ? AND superseded_by = ?")
  }

  /** @param kept ids of rows that make no room */
  expired(sid: number, now: number, kept: ReadonlySet<string>): ReadonlyArray<DoomedRow> {
    const rows = this.#selectExpired().all(now, makeRid(sid, 0), makeRid(sid, LAST_LOCAL))
    return (rows as unknown as ReadonlyArray<AgedRow>).filter(({ id }) => !kept.has(id))
  }

  /** Rows that have not expired, by `saidAt`; of these pins and rows that supersede another last. */
  *oldest(sid: number, now: number, kept: ReadonlySet<string>): Iterable<DoomedRow> {
    const keptLonger: Array<AgedRow> = []
    for (const row of this.#aged(sid, now, false)) {
      if (kept.has(row.id)) continue
      if (this.#supersedes(sid, row.id, kept)) keptLonger.push(row)
      else yield row
    }
    for (const row of this.#aged(sid, now, true)) if (!kept.has(row.id)) keptLonger.push(row)
    yield* keptLonger.sort((a, b) => a.said_at - b.said_at || (a.id < b.id ? -1 : 1))
  }

  *#aged(sid: number, now: number, pinned: boolean): Iterable<AgedRow> {
    for (let after: Pick<AgedRow, "said_at" | "id"> = BEFORE_ALL; ;) {
      const rows = this.#selectAged().all(
        makeRid(sid, 0),
        makeRid(sid, LAST_LOCAL),
        Number(pinned),
        after.said_at,
        after.id,
        now
      ) as unknown as ReadonlyArray<AgedRow>
      yield* rows
      const last = rows.at(-1)
      if (last === undefined || rows.length < BATCH) return
      after = last
    }
  }

  #supersedes(sid: number, id: string, kept: ReadonlySet<string>): boolean {
    return this.#selectSuperseded()
      .all(sid, id)
      .some((old) => !kept.has(String(old["id"])))
  }
}
