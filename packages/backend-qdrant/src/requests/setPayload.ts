import type { Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { all, type Conditions, hasId, inScope, must, NO_CONDITIONS, toFilter } from "../codec/filter.ts"

type Operation = Schemas["UpdateOperation"]

/** Sets payload keys of rows. The filter names the scope, so an id of another scope changes nothing. */
export const setPayload = (
  scope: Scope,
  ids: ReadonlyArray<string>,
  payload: Record<string, unknown>,
  conditions: Conditions = NO_CONDITIONS
): Operation => ({
  set_payload: { payload, filter: toFilter(all(inScope(scope), must(hasId(ids)), conditions)) }
})

/** One operation for all ids that get the same payload. */
export const setPayloads = (
  scope: Scope,
  changes: ReadonlyArray<readonly [id: string, payload: Record<string, unknown>]>
): ReadonlyArray<Operation> =>
  Array.from(Map.groupBy(changes, ([, payload]) => JSON.stringify(payload)).values(), (group) =>
    setPayload(
      scope,
      group.map(([id]) => id),
      group[0]?.[1] ?? {}
    )
  )
