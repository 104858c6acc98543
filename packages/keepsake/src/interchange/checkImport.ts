/** Reads an import to its end and checks every row before anything is written. */
import { MemoryError, type Scope, type Statement } from "@keepsake/core"
import {
  IMPORTED_TURN_MAX,
  invalidInput,
  isExpired,
  memoryFromStatement,
  readScope,
  readTime,
  scopeBeside,
  STORE_LIMITS,
  toImportedId
} from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { ImportItem } from "./formats/Format.ts"
import type { ImportContent, ImportRow } from "./readImport.ts"

/** Whose memories a file's rows become. */
export interface ImportTarget {
  readonly scope: Scope
  /** Each row for its own user and agent; where it names none, those of `scope`. */
  readonly keepScopes: boolean
  /** Rows of several users all become `scope`'s. */
  readonly mergeScopes: boolean
  readonly trustIds: boolean
}

/** What a file has been found to hold. */
export interface CheckedImport {
  readonly name: string
  readonly content: ImportContent
  readonly target: ImportTarget
  readonly rows: number
  /** Old ids to new ones, for links between batches. */
  readonly newIds: ReadonlyMap<string, string>
}

/** For whom a row is imported. */
export const toTargetScope = ({ keepScopes, scope }: ImportTarget, item: ImportItem): Scope => {
  if (!keepScopes || item._tag === "Inactive") return scope
  return item._tag === "Memory"
    ? item.memory.scope
    : { agentId: item.agentId ?? scope.agentId, userId: item.userId ?? scope.userId }
}

/** Whose a row is; `undefined` where its file does not say. */
const findOwner = (item: ImportItem): string | undefined => {
  if (item._tag === "Inactive") return undefined
  if (item._tag === "Statement") return item.userId ?? undefined
  const { agentId, userId } = item.memory.scope
  return `${userId} (agent ${agentId})`
}

/** The rows of a file as a stream. */
export const streamRows = ({ rows }: ImportContent, name: string): Stream.Stream<ImportRow, MemoryError> =>
  Stream.fromAsyncIterable(rows(), (cause) =>
    cause instanceof MemoryError ? cause : invalidInput(name, `could not be read: ${String(cause)}`)
  )

/** False for what `readTime` refuses: the check of the statement names it. */
const isPast = (expiresAt: Statement["expiresAt"], now: number): boolean => {
  if (expiresAt === undefined || expiresAt === null) return false
  const time = readTime(expiresAt)
  return Result.isSuccess(time) && time.success <= now
}

export const isExpiredItem = (item: ImportItem, now: number): boolean =>
  item._tag === "Memory"
    ? isExpired(item.memory, now)
    : item._tag === "Statement" && isPast(item.statement.expiresAt, now)

const findProblem = (
  item: ImportItem,
  target: ImportTarget,
  now: number
): readonly [field: string, message: string] | undefined => {
  if (item._tag === "Inactive") return undefined
  const scope = toTargetScope(target, item)
  const checked = readScope(scopeBeside(scope))
  if (Result.isFailure(checked)) return checked.failure
  if (item._tag === "Memory") {
    const { turn } = item.memory
    return turn !== null && turn > IMPORTED_TURN_MAX && !target.trustIds
      ? ["turn", `leaves no room for later turns; give one up to ${IMPORTED_TURN_MAX}`]
      : undefined
  }
  if (isExpiredItem(item, now)) return undefined
  const memory = memoryFromStatement(scope, item.statement, now)
  return Result.isFailure(memory) ? memory.failure : undefined
}

/** Reads a file to its end before anything is written: one bad row refuses all. */
export const checkImport = Effect.fnUntraced(function* (
  name: string,
  content: ImportContent,
  target: ImportTarget
): Effect.fn.Return<CheckedImport, MemoryError> {
  const now = yield* Clock.currentTimeMillis
  const newIds = new Map<string, string>()
  let rows = 0
  let first: { readonly owner: string; readonly position: string } | undefined
  yield* Stream.runForEach(streamRows(content, name), ({ item, position }) => {
    rows++
    const problem = findProblem(item, target, now)
    if (problem !== undefined)
      return Effect.fail(
        invalidInput(
          name,
          `${position}: ${problem[0]}: ${problem[1].replace(/\.$/u, "")}. Nothing was imported`
        )
      )
    const owner = findOwner(item)
    if (owner !== undefined && !target.keepScopes && !target.mergeScopes) {
      first ??= { owner, position }
      if (first.owner !== owner)
        return Effect.fail(
          invalidInput(
            name,
            `holds memories of several owners: ${first.owner} in ${first.position}, ${owner} in ${position}. Nothing was imported. Keep each for its own with --keep-scopes, or mix them all into --user with --merge-scopes`
          )
        )
    }
    if (item._tag === "Memory") {
      const { id } = toImportedId(toTargetScope(target, item), item.memory, target.trustIds)
      if (id !== item.memory.id) newIds.set(item.memory.id, id)
    }
    // Thousands of rows do not hold the event loop.
    return rows % STORE_LIMITS.batch === 0 ? Effect.yieldNow : Effect.void
  })
  return { name, content, target, rows, newIds }
})
