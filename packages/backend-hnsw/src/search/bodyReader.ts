import { bodyTable } from "../schema/schema.ts"
import type { Connection } from "../connection/Connection.ts"

/** Reads a passage's body by its number, as it is stored; null where it was removed. */
export type ReadBody = (rid: number) => Uint8Array | null

export const bodyReader = ({ db, generation }: Pick<Connection, "db" | "generation">): ReadBody => {
  const select = db.prepare(`SELECT data FROM ${bodyTable(generation)} WHERE rid = ?`)
  return (rid) => {
    const data = select.get(rid)?.["data"]
    return data instanceof Uint8Array ? data : null
  }
}
