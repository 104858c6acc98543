import type { DatabaseSync } from "node:sqlite"
import { SCHEMA_VERSION } from "../schema.ts"
import { migrateToVersion2 } from "./version2.ts"

/** By the version that each leads to. */
const MIGRATIONS: Readonly<Record<number, (db: DatabaseSync) => void>> = { 2: migrateToVersion2 }

/** Inside a transaction: brings a file of an older version to `SCHEMA_VERSION`. */
export const migrate = (db: DatabaseSync, from: number): void => {
  for (let version = from + 1; version <= SCHEMA_VERSION; version++) MIGRATIONS[version]?.(db)
}
