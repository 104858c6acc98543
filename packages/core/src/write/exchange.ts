import { Clock, Effect } from "effect"
import { valid } from "../input/fields.ts"
import { type Exchange, readExchange, readWriteOptions, type WriteOptions } from "../input/options.ts"
import type { Statement } from "../input/Statement.ts"
import type { Scope } from "../memory/Scope.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { prepareMemories } from "./prepareMemories.ts"
import { takenKey } from "./refusals.ts"
import type { Remembered } from "./results.ts"
import { readNextTurn, sessionKey } from "./sessionTurns.ts"
import { storeMemories } from "./storeMemories.ts"

/** The idempotency key of a turn, for writers of conversations: "Thanks!" said twice is two turns. */
export const turnKey = (sessionId: string, turn: number): string => JSON.stringify(["turn", sessionId, turn])

/** How the article keeps an answer. */
const ANSWER_CODE_POINTS = 500
const ANSWER_TTL_DAYS = 90

/** Attempts to find a free pair of turns: each loses only to another process that won. */
const TURN_ATTEMPTS = 8

const firstCodePoints = (text: string, count: number): string => Array.from(text).slice(0, count).join("")

/** The user's statement and, unless the answer is blank, the assistant's. */
const toStatements = (
  { assistant, saidAt, sessionId, user }: Exchange,
  turn: number
): ReadonlyArray<Statement> => {
  const question: Statement = {
    content: user,
    source: "user",
    sessionId,
    turn,
    saidAt,
    key: turnKey(sessionId, turn)
  }
  const answer = firstCodePoints(assistant, ANSWER_CODE_POINTS)
  if (answer.trim() === "") return [question]
  return [
    question,
    {
      content: answer,
      source: "assistant",
      sessionId,
      turn: turn + 1,
      saidAt,
      key: turnKey(sessionId, turn + 1),
      ttlDays: ANSWER_TTL_DAYS
    }
  ]
}

/** Puts both memories of an exchange in one call, which a store keeps or refuses as a whole. */
const storeExchange = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  exchange: Exchange,
  turn: number,
  fence: number
) {
  const now = yield* Clock.currentTimeMillis
  const memories = yield* prepareMemories(scope, toStatements(exchange, turn), now)
  return yield* storeMemories(services, scope, memories, fence)
})

/** Removes what a refused exchange created: half of it would be an answer without its question. */
const withdraw = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  results: ReadonlyArray<Remembered>
) {
  const ids = results.flatMap(({ id, outcome }) => (outcome === "created" ? [id] : []))
  if (ids.length === 0) return
  const now = yield* Clock.currentTimeMillis
  yield* store.remove({ scope, now, target: { _tag: "Ids", ids } })
})

const storeAtTurn = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  exchange: Exchange,
  turn: number,
  fence: number
) {
  const results = yield* storeExchange(services, scope, exchange, turn, fence)
  if (results.every(({ outcome }) => outcome !== "conflict")) return results
  yield* withdraw(services, scope, results)
  return yield* takenKey
})

const storeAtNextTurn = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  exchange: Exchange,
  fence: number
) {
  for (let attempt = 0; attempt < TURN_ATTEMPTS; attempt++) {
    const turn = yield* readNextTurn(services, scope, exchange.sessionId)
    const results = yield* storeExchange(services, scope, exchange, turn, fence)
    // The turn was free, so any outcome but `created` means that another process took it.
    if (results.every(({ outcome }) => outcome === "created")) return results
    yield* withdraw(services, scope, results)
  }
  return yield* takenKey
})

export const rememberExchange = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  input: Exchange,
  options: WriteOptions = {}
) {
  const { fence = services.fences.token() } = yield* valid(() => readWriteOptions(options))
  const exchange = yield* valid(() => readExchange(input))
  const { sessionId, turn } = exchange
  return yield* turn === undefined
    ? services.sessions.withLock(
        sessionKey(scope, sessionId),
        storeAtNextTurn(services, scope, exchange, fence)
      )
    : storeAtTurn(services, scope, exchange, turn, fence)
})
