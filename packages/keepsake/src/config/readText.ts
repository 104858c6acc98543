import { readFile } from "node:fs/promises"
import type { MemoryError } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"

const errorCode = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist; check the path",
  EACCES: "may not be read; check its permissions",
  EISDIR: "is a folder; name a file"
}

export const readFailed = (path: string, cause: unknown): MemoryError =>
  invalidInput(path, READ_PROBLEMS[errorCode(cause)] ?? `could not be read: ${String(cause)}`)

/** Reads a whole file as UTF-8 text; another encoding is refused, never guessed. */
export const readText = (path: string): Effect.Effect<string, MemoryError> =>
  Effect.tryPromise({ try: async () => readFile(path), catch: (cause) => readFailed(path, cause) }).pipe(
    Effect.flatMap((bytes) =>
      Effect.try({
        try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
        catch: () => notUtf8(path)
      })
    )
  )

export const notUtf8 = (path: string): MemoryError =>
  invalidInput(
    path,
    "is not UTF-8 text. Convert it: iconv -f ISO-8859-1 -t UTF-8 in > out (or save it as UTF-8)"
  )
