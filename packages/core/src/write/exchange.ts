import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { valid } from "../input/fields.ts"
import { type Exchange, readExchange, readWriteOptions, type WriteOptions } from "../input/options.ts"
import type { Statement } from "../input/Statement.ts"
import { exchangeKey, memoryIdOfKey, sayingKey, turnKey } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { askBeforeWrite, type WriteGate } from "./beforeWrite.ts"
import { toCandidate, withDropped } from "./gateMemories.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { prepareMemories } from "./prepareMemories.ts"
import { lostTurns, takenKey } from "./refusals.ts"
import type { Remembered } from "./results.ts"
import { readNextTurn, sessionKey } from "./sessionTurns.ts"
import { putWhole } from "./storeMemories.ts"

/** How the article keeps an answer. */
const ANSWER_CODE_POINTS = 500
const ANSWER_TTL_DAYS = 90

/** Attempts to find a free pair of turns: each loses only to another process that won, often where its trips are shorter. */
const TURN_ATTEMPTS = 32

const firstCodePoints = (text: string, count: number): string => Array.from(text).slice(0, count).join("")

/** An exchange as it was read. */
type Read = Result.Result.Success<ReturnType<typeof readExchange>>

/** The user's statement and, unless the answer is blank, the assistant's, without their turns. */
const toStatements = ({ assistant, saidAt, sessionId, speaker, user }: Read): ReadonlyArray<Statement> => {
  const question: Statement = { content: user, source: "user", speaker, sessionId, saidAt }
  if (firstCodePoints(assistant, ANSWER_CODE_POINTS).trim() === "") return [question]
  return [question, { content: assistant, source: "assistant", sessionId, saidAt, ttlDays: ANSWER_TTL_DAYS }]
}

/** Both statements as they are to be kept; `null` for one that is dropped. */
type Halves = ReadonlyArray<Statement | null>

/** Names a half, the user's 0 and the answer's 1, in its session's turn. */
type KeyOfHalf = (half: number, turn: number) => string

const ofTurns =
  (sessionId: string): KeyOfHalf =>
  (_, turn) =>
    turnKey(sessionId, turn)

/** The halves that are kept, the user's at `turn` and the answer's beginning at the next. */
const placeHalves = (halves: Halves, turn: number, toKey: KeyOfHalf): ReadonlyArray<Statement> =>
  halves.flatMap((half, i) => {
    if (half === null) return []
    const place = { turn: turn + i, key: toKey(i, turn + i) }
    return i === 0
      ? [{ ...half, ...place }]
      : [{ ...half, ...place, content: firstCodePoints(half.content, ANSWER_CODE_POINTS) }]
  })

/** Shows the hook the whole answer: its beginning could end within a secret, which has no form then. */
const gateExchange = Effect.fnUntraced(function* (gate: WriteGate, scope: Scope, exchange: Read) {
  const statements = toStatements(exchange)
  const { key, sessionId, turn } = exchange
  const now = yield* Clock.currentTimeMillis
  const toKey: KeyOfHalf = key === undefined ? ofTurns(sessionId) : (half) => exchangeKey(key, half)
  const memories = yield* prepareMemories(scope, placeHalves(statements, turn ?? 0, toKey), now)
  const verdicts = yield* askBeforeWrite(
    gate,
    memories.map((memory, i) => ({
      ...toCandidate("rememberExchange", scope, memory),
      ...(turn === undefined ? { turn: null } : {}),
      ...(turn === undefined && key === undefined ? { key: null } : {}),
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

/** What names an exchange wherever it stands: its key, or its texts at the time that was given. `null`: its turn does. */
const findNames = ({ key, saidAt, sessionId, turn }: Read, halves: Halves): KeyOfHalf | null => {
  if (key !== undefined) return (half) => exchangeKey(key, half)
  if (saidAt === undefined || turn !== undefined) return null
  const kept = placeHalves(halves, 0, ofTurns(sessionId))
  const saying = {
    sessionId,
    speaker: halves[0]?.speaker ?? null,
    saidAt,
    texts: kept.map(({ content }) => content.normalize("NFC"))
  }
  return (half) => sayingKey(saying, half)
}

/** Where an exchange is put, under which names, and what may be there already. */
interface Place {
  readonly turn: number
  readonly toKey: KeyOfHalf
  readonly whole: "new" | "stated"
  readonly fence: number
}

/** Removes what a refused exchange created, where a store without transactions lost a race. */
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

/** Puts both memories of an exchange in one call, whole; `null` where they are refused. */
const storeExchange = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  { halves }: GatedExchange,
  { toKey, turn, ...how }: Place
) {
  const now = yield* Clock.currentTimeMillis
  const memories = yield* prepareMemories(scope, placeHalves(halves, turn, toKey), now)
  const results = yield* putWhole(services, scope, memories, how)
  const isKept = ({ outcome }: Remembered): boolean =>
    how.whole === "new" ? outcome === "created" : outcome !== "conflict"
  if (results.every(isKept)) return withDropped(halves, results)
  yield* withdraw(services, scope, results)
  return null
})

const storeAtTurn = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  exchange: GatedExchange,
  place: Omit<Place, "whole">
) {
  return (yield* storeExchange(services, scope, exchange, { ...place, whole: "stated" })) ?? (yield* takenKey)
})

const storeAtNextTurn = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  exchange: GatedExchange,
  fence: number
) {
  const { sessionId } = exchange
  for (let attempt = 0; attempt < TURN_ATTEMPTS; attempt++) {
    const turn = yield* readNextTurn(services, scope, sessionId)
    const place: Place = { turn, toKey: ofTurns(sessionId), whole: "new", fence }
    const results = yield* storeExchange(services, scope, exchange, place)
    // The turn was free, so another process took it.
    if (results !== null) return results
  }
  return yield* lostTurns
})

/** The turn of an exchange that was said before, by either half of it; else the given or the next one. */
const findTurn = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  toKey: KeyOfHalf,
  { sessionId, turn }: Read
) {
  const now = yield* Clock.currentTimeMillis
  const ids = [0, 1].map((half) => memoryIdOfKey(scope, toKey(half, 0)))
  const [half] = yield* services.store.get({ scope, now, ids })
  const isHere = half !== undefined && half.turn !== null && half.sessionId === sessionId
  return isHere
    ? Math.max(0, half.turn - ids.indexOf(half.id))
    : (turn ?? (yield* readNextTurn(services, scope, sessionId)))
})

const storeNamed = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  exchange: Read,
  gated: GatedExchange,
  named: Omit<Place, "turn" | "whole">
) {
  const turn = yield* findTurn(services, scope, named.toKey, exchange)
  return yield* storeAtTurn(services, scope, gated, { ...named, turn })
})

export const rememberExchange = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  input: Exchange,
  options: WriteOptions = {},
  began: number
) {
  const { fence = began } = yield* valid(() => readWriteOptions(options))
  const exchange = yield* valid(() => readExchange(input))
  const { sessionId, turn } = exchange
  const { gate, sessions } = services
  const halves = gate === null ? toStatements(exchange) : yield* gateExchange(gate, scope, exchange)
  if (halves.every((half) => half === null)) return withDropped(halves, [])
  const gated: GatedExchange = { halves, sessionId }
  const toKey = findNames(exchange, halves)
  if (toKey === null && turn !== undefined) {
    return yield* storeAtTurn(services, scope, gated, { turn, toKey: ofTurns(sessionId), fence })
  }
  return yield* sessions.withLock(
    sessionKey(scope, sessionId),
    toKey === null
      ? storeAtNextTurn(services, scope, gated, fence)
      : storeNamed(services, scope, exchange, gated, { toKey, fence })
  )
})
