import * as Effect from "effect/Effect"
import type { Scope } from "../../memory/Scope.ts"
import { group, type LawContext } from "../Law.ts"
import { runProgram } from "../model/program.ts"
import { DAY, T0 } from "../rows.ts"

/** Scopes that share an agent, a user, or letters alone. */
const near = ({ scope, scopeOf }: LawContext, label: string): ReadonlyArray<Scope> => {
  const { agentId, userId } = scopeOf(label)
  return [
    { agentId, userId },
    { agentId, userId: `${userId}1` },
    { agentId: `${agentId}1`, userId },
    { agentId: userId, userId: scope.agentId }
  ]
}

/** A program counts the rows that it purges: expired rows of earlier laws must be gone before. */
const drained = Effect.fnUntraced(function* ({ admin }: LawContext) {
  while ((yield* admin.expire({ now: T0 + 10_000 * DAY, limit: 1_000 })).removed > 0);
})

export const program = group("random programs", {
  "a random program gives the oracle's answers": Effect.fnUntraced(function* (context) {
    yield* drained(context)
    yield* runProgram({ ...context, handles: [context], scopes: near(context, "one") })
  }),

  "a random program over two instances gives the oracle's answers": Effect.fnUntraced(function* (context) {
    yield* drained(context)
    const second = yield* context.place.open()
    yield* runProgram({ ...context, handles: [context, second], scopes: near(context, "two") })
  })
})
