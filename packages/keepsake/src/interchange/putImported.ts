/** Writes one batch of an import for one scope, or counts what it would write. */
import {
  type Memory,
  type MemoryError,
  MemoryStore,
  type Scope,
  type ScopedMemory,
  type Statement
} from "@keepsake/core"
import { memoryFromStatement, readTime, toImportedId } from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { CheckedImport } from "./checkImport.ts"
import type { ForeignStatement } from "./formats/Format.ts"
import type { Tally } from "./importCounts.ts"

/** When a statement was said; a statement without a date is not newer than anything. */
const readSaidAt = ({ saidAt }: Statement): number => {
  const time = saidAt === undefined ? undefined : readTime(saidAt)
  return time !== undefined && Result.isSuccess(time) ? time.success : Number.NEGATIVE_INFINITY
}

/** The key of a later version of what a key names: the same version again is the same memory. */
const versionKey = (key: string, saidAt: number): string => `${key}@${saidAt}`

interface Version {
  readonly content: string
  readonly key: string
  readonly saidAt: number
}

/** What is to be done with a row whose key names other content in the store. */
const judge = Effect.fnUntraced(function* (memory: ScopedMemory, stored: Memory, version: Version) {
  const history = yield* memory.history(stored.id)
  const current = history.at(-1) ?? stored
  if (history.some(({ content }) => content === version.content))
    return { outcome: "known" as const, current }
  return {
    outcome: version.saidAt > current.saidAt ? ("superseded" as const) : ("conflicting" as const),
    current
  }
})

/** One scope of an import that is written. */
export interface Run {
  readonly dryRun: boolean
  readonly checked: CheckedImport
  readonly memory: ScopedMemory
  readonly counts: Tally
}

/** Replaces what a key names by what was said later under it. */
const settle = Effect.fnUntraced(function* (
  { counts, dryRun, memory }: Run,
  stored: Memory,
  statement: Statement & { readonly key: string }
) {
  const content = statement.content.normalize("NFC")
  const saidAt = readSaidAt(statement)
  const { current, outcome } = yield* judge(memory, stored, { content, key: statement.key, saidAt })
  counts[outcome]++
  if (outcome === "superseded" && !dryRun)
    yield* memory.supersede(current.id, { ...statement, key: versionKey(statement.key, saidAt) })
})

const readStored = Effect.fnUntraced(function* (scope: Scope, ids: ReadonlyArray<string>) {
  const store = yield* MemoryStore
  const now = yield* Clock.currentTimeMillis
  const memories = yield* store.get({ scope, now, ids: Array.from(new Set(ids)) })
  return new Map(memories.map((memory) => [memory.id, memory]))
})

/** Statements of one scope. What is stored stays as it is, closed memories too: an import does not reopen them. */
export const putStatements = Effect.fnUntraced(function* (
  run: Run,
  items: ReadonlyArray<ForeignStatement>
): Effect.fn.Return<void, MemoryError, MemoryStore> {
  const { counts, dryRun, memory } = run
  const now = yield* Clock.currentTimeMillis
  const rows = items.flatMap(({ statement }) => {
    const made = memoryFromStatement(memory.scope, statement, now)
    return Result.isSuccess(made) ? [{ statement, id: made.success.id }] : []
  })
  const stored = yield* readStored(
    memory.scope,
    rows.map(({ id }) => id)
  )
  const fresh = new Map<string, Statement>()
  const later: Array<ForeignStatement> = []
  for (const { id, statement } of rows) {
    const existing = stored.get(id)
    const { key } = statement
    if (
      existing !== undefined &&
      (key === undefined || existing.content === statement.content.normalize("NFC"))
    )
      counts.known++
    else if (existing !== undefined && key !== undefined) yield* settle(run, existing, { ...statement, key })
    else if (fresh.has(id)) later.push({ _tag: "Statement", statement, userId: null, agentId: null })
    else fresh.set(id, statement)
  }
  if (dryRun) counts.created += fresh.size
  else
    for (const { outcome } of yield* memory.rememberMany(Array.from(fresh.values()))) {
      if (outcome === "created") counts.created++
      else if (outcome === "conflict") counts.conflicting++
      else if (outcome === "dropped") counts.dropped++
      else counts.known++
    }
  if (dryRun) counts.known += later.length
  else if (later.length > 0) yield* putStatements(run, later)
})

/** Memories of Keepsake's own export for one scope. */
export const putMemories = Effect.fnUntraced(function* (
  run: Run,
  items: ReadonlyArray<Memory>
): Effect.fn.Return<void, MemoryError, MemoryStore> {
  const { checked, counts, dryRun, memory } = run
  const { trustIds } = checked.target
  const rows = items.map((exported) => ({
    exported,
    place: toImportedId(memory.scope, exported, trustIds)
  }))
  const stored = yield* readStored(
    memory.scope,
    rows.map(({ place }) => place.id)
  )
  const fresh: Array<Memory> = []
  for (const { exported, place } of rows) {
    const existing = stored.get(place.id)
    const isCurrent = exported.validity.at(-1)?.to === null
    if (existing === undefined) fresh.push(exported)
    else if (existing.content === exported.content || place.key === null) counts.known++
    else if (isCurrent) {
      const { content, expiresAt, importance, metadata, pinned, saidAt, source, speaker, type } = exported
      yield* settle(run, existing, {
        content,
        expiresAt,
        importance,
        metadata,
        pinned,
        saidAt,
        source,
        speaker,
        type,
        key: place.key
      })
    } else counts.conflicting++
  }
  if (dryRun) {
    counts.created += fresh.length
    return
  }
  const imported = yield* memory.import(fresh, { mergeScopes: true, trustIds, newIds: checked.newIds })
  counts.created += imported.created
  counts.known += imported.known
  counts.conflicting += imported.conflicting
  counts.expired += imported.expired
  counts.dropped += imported.dropped
})
