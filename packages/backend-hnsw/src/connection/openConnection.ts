import type { Fingerprint, MemoryError } from "@keepsake/core/driver"
import { Effect } from "effect"
import { openFile } from "../schema/openFile.ts"
import { Connection } from "./Connection.ts"
import { isBusy, toMemoryError } from "./errors.ts"
import { pause } from "./pause.ts"

/** Longest wait for a process that is creating or recovering the file. */
const OPEN_LIMIT_MS = 10_000
const OPEN_PAUSE_MS = 5

const tryOpen = (path: string, fingerprint: Fingerprint, synchronous: "full" | "normal"): Connection => {
  const db = openFile(path, fingerprint, synchronous)
  try {
    return new Connection(path, db)
  } catch (error) {
    db.close()
    throw error
  }
}

/** Opens or creates the file; retries while another process creates or recovers it. */
export const openConnection = (
  path: string,
  fingerprint: Fingerprint,
  synchronous: "full" | "normal",
  since = performance.now()
): Effect.Effect<Connection, MemoryError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(tryOpen(path, fingerprint, synchronous))
    } catch (error) {
      return isBusy(error) && performance.now() - since < OPEN_LIMIT_MS
        ? Effect.andThen(pause(OPEN_PAUSE_MS), openConnection(path, fingerprint, synchronous, since))
        : Effect.fail(toMemoryError(path, error))
    }
  })
