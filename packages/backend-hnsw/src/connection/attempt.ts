import type { MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { Connection } from "./Connection.ts"
import { toMemoryError } from "./errors.ts"

/** A result, after a warning about damage that was found on the way. */
export const succeedReporting = <A>({ damage }: Connection, value: A): Effect.Effect<A> => {
  const { report } = damage
  return report === null ? Effect.succeed(value) : Effect.as(report, value)
}

/** A read that needs no slices. */
export const attempt = <A>(connection: Connection, read: () => A): Effect.Effect<A, MemoryError> =>
  connection.reads.guard(
    Effect.suspend(() => {
      try {
        connection.assertReadable()
        return succeedReporting(connection, read())
      } catch (error) {
        return Effect.fail(toMemoryError(connection.path, error))
      }
    })
  )
