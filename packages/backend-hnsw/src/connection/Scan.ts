import { type MemoryError, nextSlice, SLICE_MS } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { succeedReporting } from "./attempt.ts"
import type { Connection } from "./Connection.ts"
import { toMemoryError } from "./errors.ts"

/** A read in parts, between which the event loop may run: no statement is open there. */
export type Scan<A> = Generator<void, A>

/** Runs a scan at once. */
export const runToEnd = <A>(scan: Scan<A>): A => {
  for (;;) {
    const part = scan.next()
    if (part.done === true) return part.value
  }
}

/** Runs a scan slice by slice. */
export const runScan = <A>(connection: Connection, begin: () => Scan<A>): Effect.Effect<A, MemoryError> =>
  connection.reads.guard(Effect.suspend(() => runSlices(connection, begin())))

const runSlices = <A>(connection: Connection, scan: Scan<A>): Effect.Effect<A, MemoryError> =>
  connection.reads.guard(
    Effect.suspend(() => {
      const deadline = performance.now() + SLICE_MS
      try {
        connection.assertServing()
        for (;;) {
          const part = scan.next()
          if (part.done === true) return succeedReporting(connection, part.value)
          if (performance.now() > deadline) {
            return Effect.andThen(nextSlice, runSlices(connection, scan))
          }
        }
      } catch (error) {
        return Effect.fail(toMemoryError(connection.path, error))
      }
    })
  )
