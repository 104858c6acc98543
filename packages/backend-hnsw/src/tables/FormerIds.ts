import type { StoreRow } from "@keepsake/core/driver"
import type { Connection } from "../connection/Connection.ts"
import { OWN_IDS } from "../schema/schema.ts"

/** Without making them. */
const saysFormerIds = (row: StoreRow): boolean => {
  const property = Object.getOwnPropertyDescriptor(row, "formerIds")
  return property !== undefined && (property.get !== undefined || property.value !== undefined)
}

/** Whether a file may hold rows under former ids. Call it inside a transaction. */
export class FormerIds {
  readonly #connection: Connection
  #epoch = -1
  #areAbsent = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Another process may have brought some. */
  get #isOwnAlone(): boolean {
    const { epoch } = this.#connection
    if (this.#epoch !== epoch) {
      this.#areAbsent = this.#connection.meta(OWN_IDS) !== null
      this.#epoch = epoch
    }
    return this.#areAbsent
  }

  /** Those of a row under which the file may have it. */
  of(row: StoreRow): ReadonlyArray<string> {
    return this.#isOwnAlone ? [] : (row.formerIds ?? [])
  }

  /** A new row is kept. */
  note(row: StoreRow): void {
    if (!this.#isOwnAlone || saysFormerIds(row)) return
    this.#connection.removeMeta(OWN_IDS)
    this.#areAbsent = false
  }
}
