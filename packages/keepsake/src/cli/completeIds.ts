/** Ids as people give them: whole, or their beginnings as `list` shows them. */
import { MemoryError, NotFound, type ScopedMemory } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { oneLine } from "./output/text.ts"

const FULL_ID = 36

/** Half of what `list` shows, or more. */
const ID_START = /^[0-9a-f]{4}[0-9a-f-]*$/iu

/** The failure for an id, or its beginning, that no memory of the scope has. */
export const memoryNotFound = (id: string): MemoryError =>
  new MemoryError({
    reason: new NotFound({ message: `No memory has an id that begins with ${id}; see keepsake list` })
  })

/** Completes prefixes of ids; a prefix of several ids is refused. */
export const completeIds = Effect.fnUntraced(function* (
  memory: ScopedMemory,
  prefixes: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<string>, MemoryError> {
  if (prefixes.every((id) => id.length >= FULL_ID)) return prefixes
  // An empty prefix, as an unset variable of a shell gives it, would match every id.
  const invalid = prefixes.find((id) => !ID_START.test(id))
  if (invalid !== undefined)
    return yield* invalidInput("id", `"${oneLine(invalid)}" is not the beginning of an id; see keepsake list`)
  const ids = yield* Stream.runCollect(Stream.map(memory.export(), ({ id }) => id))
  return yield* Effect.forEach(prefixes, (id) => {
    const [match, other] = ids.filter((full) => full.startsWith(id.toLowerCase()))
    if (match === undefined) {
      return Effect.fail(memoryNotFound(id))
    }
    return other === undefined
      ? Effect.succeed(match)
      : Effect.fail(invalidInput("id", `several ids begin with ${id}; give more characters`))
  })
})

/** Completes one id. */
export const completeId = (memory: ScopedMemory, prefix: string): Effect.Effect<string, MemoryError> =>
  Effect.map(completeIds(memory, [prefix]), ([id = prefix]) => id)
