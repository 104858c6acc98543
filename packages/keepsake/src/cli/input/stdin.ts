import { buffer } from "node:stream/consumers"
import type { MemoryError } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { notUtf8 } from "../../config/readText.ts"

/** All of standard input, as UTF-8 text. */
export const readStdin: Effect.Effect<string, MemoryError> = Effect.tryPromise({
  try: async () => buffer(process.stdin),
  catch: () => invalidInput("standard input", "could not be read")
}).pipe(
  Effect.flatMap((bytes) =>
    Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => notUtf8("standard input")
    })
  )
)
