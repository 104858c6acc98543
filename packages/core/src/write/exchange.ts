import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { valid } from "../input/fields.ts"
import { type Exchange, readExchange, readWriteOptions, type WriteOptions } from "../input/options.ts"
import type { Statement } from "../input/Statement.ts"
import { turnKey } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { askBeforeWrite, type WriteGate } from "./beforeWrite.ts"
import { toCandidate, withDropped } from "./gateMemories.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { prepareMemories } from "./prepareMemories.ts"
import { takenKey } from "./refusals.ts"
import type { Remembered } from "./results.ts"
import { readNextTurn, sessionKey } from "./sessionTurns.ts"
import { storeMemories } from "./storeMemories.ts"

/** How the article keeps an answer. */
const ANSWER_CODE_POINTS = 500
const ANSWER_TTL_DAYS = 90

/** Attempts to find a free pair of turns: each loses only to another process that won. */
const TURN_ATTEMPTS = 8

const firstCodePoints = (text: string, count: number): string => Array.from(text).slice(0, count).join("")

/** The user's statement and, unless the answer is blank, the assistant's, without their turns. */
const toStatements = ({
  assistant,
  saidAt,
  sessionId,
  speaker,
  user
}: Exchange): ReadonlyArray<Statement> => {
  const question: Statement = { content: user, source: "user", speaker, sessionId, saidAt }
  if (firstCodePoints(assistant, ANSWER_CODE_POINTS).trim() === "") return [question]
  return [question, { content: assistant, source: "assistant", sessionId, saidAt, ttlDays: ANSWER_TTL_DAYS }]
}

/** Both statements as they are to be kept; `null` for one that is dropped. */
type Halves = ReadonlyArray<Statement | null>

/** The halves that are kept, the user's at `turn` and the answer's beginning at the next. */
const placeHalves = (halves: Halves, sessionId: string, turn: number): ReadonlyArray<Statement> =>
  halves.flatMap((half, i) => {
    if (half === null) return []
    const place = { turn: turn + i, key: turnKey(sessionId, turn + i) }
    return i === 0
      ? [{ ...half, ...place }]
      : [{ ...half, ...place, content: firstCodePoints(half.content, ANSWER_CODE_POINTS) }]
  })

/** Shows the hook the whole answer: its beginning could end within a secret, which has no form then. */
const gateExchange = Effect.fnUntraced(function* (gate: WriteGate, scope: Scope, exchange: Exchange) {
  const statements = toStatements(exchange)
  const { sessionId, turn } = exchange
  const now = yield* Clock.currentTimeMillis
  const memories = yield* prepareMemories(scope, placeHalves(statements, sessionId, turn ?? 0), now)
  const verdicts = yield* askBeforeWrite(
    gate,
    memories.map((memory, i) => ({
      ...toCandidate("rememberExchange", scope, memory),
      ...(turn === undefined ? { turn: null, key: null } : {}),
      content: i === 0 ? memory.content : exchange.assistant
    }))
  )
  return statements.map((statement, i) => {
    const verdict = verdicts[i] ?? null
    return verdict === null ? null : { ...statement, ...verdict }
  })
})

/** An exchange after the hook. */
interface GatedExchange {
  readonly halves: Halves
  readonly sessionId: string
}

/** Puts both memories of an exchange in one call, which a store keeps or refuses as a whole. */
const storeExchange = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  { halves, sessionId }: GatedExchange,
  turn: number,
  fence: number
) {
  const now = yield* Clock.currentTimeMillis
  const memories = yield* prepareMemories(scope, placeHalves(halves, sessionId, turn), now)
  return withDropped(halves, yield* storeMemories(services, scope, memories, fence))
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
  exchange: GatedExchange,
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
  exchange: GatedExchange,
  fence: number
) {
  for (let attempt = 0; attempt < TURN_ATTEMPTS; attempt++) {
    const turn = yield* readNextTurn(services, scope, exchange.sessionId)
    const results = yield* storeExchange(services, scope, exchange, turn, fence)
    // The turn was free, so any other outcome means that another process took it.
    if (results.every(({ outcome }) => outcome === "created" || outcome === "dropped")) return results
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
  const { gate, sessions } = services
  const halves = gate === null ? toStatements(exchange) : yield* gateExchange(gate, scope, exchange)
  if (halves.every((half) => half === null)) return withDropped(halves, [])
  const gated: GatedExchange = { halves, sessionId }
  return yield* turn === undefined
    ? sessions.withLock(sessionKey(scope, sessionId), storeAtNextTurn(services, scope, gated, fence))
    : storeAtTurn(services, scope, gated, turn, fence)
})
