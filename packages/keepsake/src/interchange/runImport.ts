/** Writes the rows of an import in batches; a second run changes nothing. */
import type { AgentMemory, Memory, MemoryError, MemoryStore, Scope } from "@keepsake/core"
import { scopeKey, STORE_LIMITS } from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CheckedImport, isExpiredItem, streamRows, toTargetScope } from "./checkImport.ts"
import type { ForeignStatement } from "./formats/Format.ts"
import { emptyTally, type ScopeTally, type Tally } from "./importCounts.ts"
import { putMemories, putStatements, type Run } from "./putImported.ts"
import type { ImportRow } from "./readImport.ts"
import { openScope } from "./scopes.ts"

/** Rows that wait for their batch. */
interface Pending {
  readonly scope: Scope
  readonly counts: Tally
  memories: Array<Memory>
  statements: Array<ForeignStatement>
}

/** Waiting rows of all scopes together; more are written though their batches are not full. */
const PENDING_MAX = 16 * STORE_LIMITS.batch

/**
 * Writes the rows of a checked import, or counts what it would write. Each batch is kept as a whole, so that an
 * interrupted import goes on where it was when it is run again.
 */
export const runImport = Effect.fnUntraced(function* (
  checked: CheckedImport,
  dryRun: boolean,
  show: (done: number) => Effect.Effect<void>
): Effect.fn.Return<ReadonlyArray<ScopeTally>, MemoryError, AgentMemory | MemoryStore> {
  const { content, name, target } = checked
  const now = yield* Clock.currentTimeMillis
  const pending = new Map<string, Pending>()
  let waiting = 0
  let done = 0

  const findPending = (scope: Scope): Pending => {
    const found = pending.get(scopeKey(scope)) ?? {
      scope,
      counts: emptyTally(),
      memories: [],
      statements: []
    }
    pending.set(scopeKey(scope), found)
    return found
  }
  const flush = Effect.fnUntraced(function* (rows: Pending) {
    const { memories, statements } = rows
    const count = memories.length + statements.length
    if (count === 0) return
    rows.memories = []
    rows.statements = []
    const run: Run = { dryRun, checked, counts: rows.counts, memory: yield* openScope(rows.scope) }
    if (memories.length > 0) yield* putMemories(run, memories)
    if (statements.length > 0) yield* putStatements(run, statements)
    waiting -= count
    done += count
    yield* show(done)
  })
  const flushAll = Effect.suspend(() => Effect.forEach(pending.values(), flush, { discard: true }))

  yield* Stream.runForEach(
    streamRows(content, name),
    Effect.fnUntraced(function* ({ item }: ImportRow) {
      const rows = findPending(toTargetScope(target, item))
      if (item._tag === "Inactive" || isExpiredItem(item, now)) {
        if (item._tag === "Inactive") rows.counts.inactive++
        else rows.counts.expired++
        done++
        return
      }
      if (item._tag === "Memory") rows.memories.push(item.memory)
      else rows.statements.push(item)
      waiting++
      if (rows.memories.length + rows.statements.length >= STORE_LIMITS.batch) yield* flush(rows)
      else if (waiting >= PENDING_MAX) yield* flushAll
    })
  )
  yield* flushAll
  return Array.from(pending.values(), ({ counts, scope }) => ({ scope, counts }))
})
