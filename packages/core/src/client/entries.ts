/** What an agent keeps about its conversations beside memories: its history, its notes. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
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
import { askBeforeWrite, type WriteCandidate, type WriteGate } from "../write/beforeWrite.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"
import type { Appended } from "../write/results.ts"

/** Entries per call when `limit` is absent. */
const LIMIT = 100

const toCandidate = (scope: Scope, { content, kind, sessionId, source }: EntryInput): WriteCandidate => ({
  door: "appendEntries",
  scope,
  key: null,
  sessionId,
  turn: null,
  source: source ?? null,
  type: null,
  entryKind: kind,
  content,
  speaker: null,
  metadata: {}
})

/** The entries as they are to be kept, without those that the hook drops. */
const gateEntries = Effect.fnUntraced(function* (
  gate: WriteGate,
  scope: Scope,
  inputs: ReadonlyArray<EntryInput>
) {
  const verdicts = yield* askBeforeWrite(
    gate,
    inputs.map((entry) => toCandidate(scope, entry))
  )
  return inputs.flatMap((entry, i) => {
    const content = verdicts[i]?.content
    return content === undefined ? [] : [{ ...entry, content }]
  })
})

export const appendEntries = Effect.fnUntraced(function* (
  { fences, gate, limits, store }: MemoryServices,
  scope: Scope,
  input: ReadonlyArray<EntryInput>,
  fence: number
) {
  const read = yield* valid(() => readEntries(input))
  const gated = gate === null ? read : yield* gateEntries(gate, scope, read)
  if (gated.length > 0) {
    const now = yield* Clock.currentTimeMillis
    const stored = gated.map(({ source: _source, ...entry }) => entry)
    yield* fences.write(scope, fence, store.append({ scope, now, entries: stored, limits }))
  }
  return { appended: gated.length, dropped: read.length - gated.length } satisfies Appended
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
