/** The one row of `settings`: what the store was filled with. */
import { type Fingerprint, FingerprintSchema } from "@keepsake/core/driver"
import * as Schema from "effect/Schema"
import type { DbSession, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { VectorType } from "./EmbeddingColumns.ts"
import type { Identifiers } from "./identifiers.ts"
import { firstRow } from "./server.ts"

export interface StoredSettings {
  readonly fingerprint: Fingerprint
  /** Number of the serving embedding space. */
  readonly space: number
  /** Fingerprint of the space being filled, if any. */
  readonly staged: Fingerprint | null
  readonly vectorType: VectorType
  readonly rowLevelSecurity: boolean
}

const decodeFingerprint = Schema.decodeUnknownSync(FingerprintSchema)

export const readSettings = async (session: DbSession, names: Identifiers): Promise<StoredSettings> => {
  const statement = {
    operation: "settings",
    text: `select fingerprint, space, staged, vector_type, row_level_security from ${names.table("settings")}`,
    values: []
  }
  const [fingerprint, space, staged, vectorType, secured] = firstRow(await session.query(statement))
  return {
    fingerprint: decodeFingerprint(fingerprint),
    space: Number(space),
    staged: staged === null ? null : decodeFingerprint(staged),
    vectorType: vectorType === "halfvec" ? "halfvec" : "vector",
    rowLevelSecurity: secured === true
  }
}

export const insertSettings = (
  names: Identifiers,
  fingerprint: Fingerprint,
  vectorType: VectorType
): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "insert_settings",
    `insert into ${names.table("settings")} (fingerprint, space, vector_type, row_level_security)
values (${p.add(JSON.stringify(fingerprint))}::jsonb, 1, ${p.add(vectorType)}, false)`
  )
}

/** Serialises migrations, moves and tuning of one schema and prefix. */
export const lockStatement = (names: Identifiers): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "lock",
    `select pg_advisory_xact_lock(hashtext('keepsake'), hashtext(${p.add(names.table("settings"))}::text))`
  )
}
