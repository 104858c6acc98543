import { Clock, Effect } from "effect"
import { valid } from "../input/fields.ts"
import { type MemoryUpdate, readUpdate } from "../input/options.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { notFound } from "./refusals.ts"

export const update = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  id: string,
  input: MemoryUpdate
) {
  const now = yield* Clock.currentTimeMillis
  const change = yield* valid(() => readUpdate(input, now))
  const memory = isUuid(id) ? yield* store.patch({ scope, now, id, change }) : null
  return memory === null ? yield* notFound(id) : memory
})
