import type { MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { Connection } from "./Connection.ts"
import { toMemoryError } from "./errors.ts"

/** A read that needs no slices. */
export const attempt = <A>(connection: Connection, read: () => A): Effect.Effect<A, MemoryError> =>
  Effect.try({
    try: () => {
      connection.assertServing()
      return read()
    },
    catch: (error) => toMemoryError(connection.path, error)
  })
