import {
  AgentMemory,
  type MemoryError,
  type Scope,
  type ScopeCount,
  type ScopedMemory,
  StoreAdmin
} from "@keepsake/core"
import { scopeBeside } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const PAGE = 100

/** Every scope of the store, page by page. */
export const allScopes: Stream.Stream<ScopeCount, MemoryError, StoreAdmin> = Stream.unwrap(
  Effect.map(StoreAdmin, (admin) =>
    Stream.paginate(undefined as Scope | undefined, (after) =>
      Effect.map(admin.scopes({ after, limit: PAGE }), (scopes) => {
        const last = scopes.at(-1)
        const next =
          scopes.length === PAGE && last !== undefined
            ? Option.some<Scope | undefined>(last.scope)
            : Option.none()
        return [scopes, next] as const
      })
    )
  )
)

/** Opens a scope as the store lists it: a user's memories, or an agent's notes beside them. */
export const openScope = (scope: Scope): Effect.Effect<ScopedMemory, MemoryError, AgentMemory> =>
  Effect.flatMap(AgentMemory, (memories) => {
    const owner = scopeBeside(scope)
    return owner === scope ? memories.for(scope) : memories.files(owner)
  })
