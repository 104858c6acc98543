/** The one row of `settings`: what the store was filled with. */
import { type Calibration, type Fingerprint, withCalibration } from "@keepsake/core/driver"
import { FingerprintSchema } from "@keepsake/core/schema"
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

/** The row as JSON, which names only columns that the table has. */
export const selectSettings = (names: Identifiers): string =>
  `select to_jsonb(s) from ${names.table("settings")} s`

/** Reads what `selectSettings` gives. */
export const decodeSettings = (row: unknown): StoredSettings => {
  const { fingerprint, row_level_security, space, staged, vector_type } = row as Record<string, unknown>
  return {
    fingerprint: decodeFingerprint(fingerprint),
    space: Number(space),
    staged: staged === null ? null : decodeFingerprint(staged),
    vectorType: vector_type === "halfvec" ? "halfvec" : "vector",
    rowLevelSecurity: row_level_security === true
  }
}

export const readSettings = async (session: DbSession, names: Identifiers): Promise<StoredSettings> => {
  const rows = await session.query({ operation: "settings", text: selectSettings(names), values: [] })
  return decodeSettings(firstRow(rows)[0])
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

/** Records a calibration where the fingerprint lacks one, inside a transaction; returns the fingerprint as it is then. */
export const recordCalibration = async (
  session: DbSession,
  names: Identifiers,
  measured: Calibration
): Promise<Fingerprint> => {
  await session.query(lockStatement(names))
  const { fingerprint } = await readSettings(session, names)
  const calibrated = withCalibration(fingerprint, measured)
  if (calibrated === fingerprint) return fingerprint
  const p = new Parameters()
  const value = p.add(JSON.stringify(calibrated))
  await session.query(
    p.statement("calibrate", `update ${names.table("settings")} set fingerprint = ${value}::jsonb`)
  )
  return calibrated
}

/** Serialises migrations, moves and tuning of one schema and prefix. */
export const lockStatement = (names: Identifiers): SqlStatement => {
  const p = new Parameters()
  return p.statement(
    "lock",
    `select pg_advisory_xact_lock(hashtext('keepsake'), hashtext(${p.add(names.table("settings"))}::text))`
  )
}
