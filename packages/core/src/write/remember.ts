import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { valid } from "../input/fields.ts"
import { readWriteOptions, type WriteOptions } from "../input/options.ts"
import { memoryFromStatement, type Statement } from "../input/Statement.ts"
import { invalidInput } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import { DROPPED, gateMemories, withDropped } from "./gateMemories.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { prepareMemories } from "./prepareMemories.ts"
import { takenKey } from "./refusals.ts"
import { withSessionTurns } from "./sessionTurns.ts"
import { storeMemories } from "./storeMemories.ts"

export const remember = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  input: string | Statement,
  options: WriteOptions = {},
  began: number
) {
  const { fence = began } = yield* valid(() => readWriteOptions(options))
  const now = yield* Clock.currentTimeMillis
  const stated = yield* valid(() => memoryFromStatement(scope, input, now))
  const [memory] = yield* gateMemories(services, "remember", scope, [stated])
  if (memory === undefined || memory === null) return DROPPED
  const [stored] = yield* withSessionTurns(services, scope, [memory], (placed) =>
    storeMemories(services, scope, placed, fence)
  )
  return stored === undefined || stored.outcome === "conflict" ? yield* takenKey : stored
})

export const rememberMany = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  inputs: ReadonlyArray<string | Statement>,
  options: WriteOptions = {},
  began: number
) {
  const { fence = began } = yield* valid(() => readWriteOptions(options))
  // A string is iterable too: it would be remembered letter by letter.
  if (!Array.isArray(inputs)) return yield* invalidInput("inputs", "give a list of texts or statements")
  const now = yield* Clock.currentTimeMillis
  const stated = yield* prepareMemories(scope, inputs, now)
  const gated = yield* gateMemories(services, "rememberMany", scope, stated)
  const memories = gated.filter((memory) => memory !== null)
  const outcomes = yield* withSessionTurns(services, scope, memories, (placed) =>
    storeMemories(services, scope, placed, fence)
  )
  return withDropped(gated, outcomes)
})
