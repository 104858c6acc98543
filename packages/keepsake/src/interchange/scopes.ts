import {
  AgentMemory,
  type MemoryError,
  type Scope,
  type ScopeCount,
  type ScopedMemory,
  StoreAdmin
} from "@keepsake/core"
import { Effect, Option, Stream } from "effect"

const PAGE = 100
const FILES = "/files"

/** Every scope of the store, a page at a time. */
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

/** The memory of a scope as the store lists it: a user's own, or the agent's notes beside it. */
export const memoryOfScope = (scope: Scope): Effect.Effect<ScopedMemory, MemoryError, AgentMemory> =>
  Effect.flatMap(AgentMemory, (memories) =>
    scope.agentId.endsWith(FILES)
      ? memories.files({ agentId: scope.agentId.slice(0, -FILES.length), userId: scope.userId })
      : memories.for(scope)
  )
