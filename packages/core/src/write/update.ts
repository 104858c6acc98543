import { Clock, Effect } from "effect"
import type { MemoryUpdate } from "../client/ScopedMemory.ts"
import { readMetadata } from "../input/metadata.ts"
import { booleanProblem, isProblem, type Problem, readFields, valid } from "../input/problems.ts"
import { expiryOf, importanceProblem } from "../input/Statement.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import type { MemoryChange } from "../store/MemoryStore.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { notFound } from "./refusals.ts"

const UPDATE_FIELDS: ReadonlyArray<keyof MemoryUpdate> = [
  "importance",
  "pinned",
  "metadata",
  "ttlDays",
  "expiresAt"
]

/** The store's form of an update, or what is wrong with it. */
const readUpdate = (input: MemoryUpdate, now: number): MemoryChange | Problem => {
  const update = readFields("change", input, UPDATE_FIELDS)
  if (isProblem(update)) {
    return update[0] === "content" ? ["content", "never changes; supersede says what is so now"] : update
  }
  const { importance, pinned } = update
  if (Object.values(update).every((value) => value === undefined)) {
    return ["change", `names nothing to change; give ${UPDATE_FIELDS.join(", ")}`]
  }
  const problem =
    (importance === undefined ? undefined : importanceProblem(importance)) ?? booleanProblem("pinned", pinned)
  if (problem !== undefined) return problem
  const metadata = update.metadata === undefined ? undefined : readMetadata(update.metadata)
  if (isProblem(metadata)) return metadata
  const expiresAt = expiryOf(update, now)
  if (isProblem(expiresAt)) return expiresAt
  const changesLifetime = update.ttlDays !== undefined || update.expiresAt !== undefined
  return {
    ...(changesLifetime ? { expiresAt } : {}),
    ...(importance === undefined ? {} : { importance }),
    ...(pinned === undefined ? {} : { pinned }),
    ...(metadata === undefined ? {} : { metadata })
  }
}

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
