/** What an agent keeps about its conversations beside memories: its history, its notes. */
import { Clock, Effect } from "effect"
import {
  type DropEntriesOptions,
  type EntriesOptions,
  type EntryInput,
  readDropEntries,
  readEntries,
  readEntriesOptions
} from "../input/entries.ts"
import { valid } from "../input/fields.ts"
import type { Scope } from "../memory/Scope.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"

/** Entries per call when `limit` is absent. */
const LIMIT = 100

export const appendEntries = Effect.fnUntraced(function* (
  { fences, store }: MemoryServices,
  scope: Scope,
  input: ReadonlyArray<EntryInput>
) {
  const fence = fences.token()
  const entries = yield* valid(() => readEntries(input))
  if (entries.length === 0) return
  const now = yield* Clock.currentTimeMillis
  yield* fences.write(scope, fence, store.append({ scope, now, entries }))
})

export const entries = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  options: EntriesOptions
) {
  const { limit = LIMIT, ...place } = yield* valid(() => readEntriesOptions(options))
  return yield* store.entries({ scope, limit, ...place })
})

export const dropEntries = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  options: DropEntriesOptions
) {
  const place = yield* valid(() => readDropEntries(options))
  return yield* store.dropEntries({ scope, ...place })
})
