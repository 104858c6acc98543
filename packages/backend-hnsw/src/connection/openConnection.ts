import type { Fingerprint, MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { HnswSettings } from "../options.ts"
import { openFile } from "../schema/openFile.ts"
import { openFileReadOnly } from "../schema/openFileReadOnly.ts"
import { Connection } from "./Connection.ts"
import { isBusy, toMemoryError } from "./errors.ts"
import { pause } from "./pause.ts"

/** Longest wait for a process that is creating or recovering the file. */
const OPEN_LIMIT_MS = 10_000
const OPEN_PAUSE_MS = 5

/** The connections of this process, as long as they live. */
const connections = new Set<WeakRef<Connection>>()

/**
 * Closes the connections of this process whose file was replaced. SQLite tells files apart by inode, and would empty
 * the shared memory of the old one, which has the same name.
 */
const closeReplaced = (path: string): void => {
  for (const reference of connections) {
    const connection = reference.deref()
    if (connection?.db.isOpen !== true) connections.delete(reference)
    else if (connection.path === path && !connection.readOnly) connection.closeIfReplaced()
  }
}

const tryOpen = ({ mode, path, synchronous }: HnswSettings, fingerprint: Fingerprint): Connection => {
  closeReplaced(path)
  const readOnly = mode.readOnly ? openFileReadOnly(path, fingerprint) : null
  const db = readOnly?.db ?? openFile(path, fingerprint, synchronous)
  try {
    const connection = new Connection(path, db, readOnly)
    connections.add(new WeakRef(connection))
    return connection
  } catch (error) {
    db.close()
    throw error
  }
}

/** Opens or creates the file; retries while another process creates or recovers it. */
export const openConnection = (
  settings: HnswSettings,
  fingerprint: Fingerprint,
  since = performance.now()
): Effect.Effect<Connection, MemoryError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(tryOpen(settings, fingerprint))
    } catch (error) {
      return isBusy(error) && performance.now() - since < OPEN_LIMIT_MS
        ? Effect.andThen(pause(OPEN_PAUSE_MS), openConnection(settings, fingerprint, since))
        : Effect.fail(toMemoryError(settings.path, error))
    }
  })
