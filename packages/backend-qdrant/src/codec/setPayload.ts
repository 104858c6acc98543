import type { Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { all, type Conditions, hasId, inScope, must, NO_CONDITIONS, toFilter } from "./filter.ts"
import { furtherPassages, toShared } from "./passages.ts"

type Operation = Schemas["UpdateOperation"]

/** A memory to change, and whether it has points of further passages. */
export interface ChangedMemory {
  readonly id: string
  readonly isCut: boolean
}

/** Sets payload keys of rows. The filter names the scope, so an id of another scope changes nothing. */
const setPayload = (
  scope: Scope,
  ids: ReadonlyArray<string>,
  payload: Record<string, unknown>,
  conditions: Conditions = NO_CONDITIONS
): Operation => ({
  set_payload: { payload, filter: toFilter(all(inScope(scope), must(hasId(ids)), conditions)) }
})

/** Sets payload keys of further passages. */
export const setOfPassages = (
  scope: Scope,
  ids: ReadonlyArray<string>,
  payload: Record<string, unknown>,
  conditions: Conditions = NO_CONDITIONS
): Operation => ({
  set_payload: {
    payload: toShared(payload),
    filter: toFilter(all(inScope(scope), furtherPassages(ids), conditions))
  }
})

/** One operation for all memories that get the same payload, and one for their further passages. */
export const setPayloads = (
  scope: Scope,
  changes: ReadonlyArray<readonly [memory: ChangedMemory, payload: Record<string, unknown>]>,
  conditions: Conditions = NO_CONDITIONS
): ReadonlyArray<Operation> =>
  Array.from(Map.groupBy(changes, ([, payload]) => JSON.stringify(payload)).values()).flatMap((group) => {
    const payload = group[0]?.[1] ?? {}
    const ids = group.map(([{ id }]) => id)
    const cut = group.flatMap(([{ id, isCut }]) => (isCut ? [id] : []))
    return [
      ...(cut.length === 0 ? [] : [setOfPassages(scope, cut, payload, conditions)]),
      setPayload(scope, ids, payload, conditions)
    ]
  })
