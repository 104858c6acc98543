import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { valid } from "../input/fields.ts"
import { readWriteOptions, type WriteOptions } from "../input/options.ts"
import { memoryFromStatement, type StatedMemory, type Statement } from "../input/Statement.ts"
import { invalidInput } from "../memory/MemoryError.ts"
import { formerIdsOfText, isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import type { StoreRow } from "../store/StoreRow.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import { DROPPED, gateMemories } from "./gateMemories.ts"
import { notFound, takenKey } from "./refusals.ts"
import type { Supersession } from "./results.ts"
import { withSessionTurns } from "./sessionTurns.ts"
import { encodeRows, reportOwed, respell } from "./storeMemories.ts"

export const supersede = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  id: string,
  input: string | Statement,
  options: WriteOptions = {},
  began: number
) {
  const { fence = began } = yield* valid(() => readWriteOptions(options))
  const now = yield* Clock.currentTimeMillis
  const [old] = isUuid(id) ? yield* services.store.get({ scope, now, ids: [id] }) : []
  if (old === undefined) return yield* notFound(id)
  const stated = yield* valid(() => memoryFromStatement(scope, input, now, old))
  const [memory] = yield* gateMemories(services, "supersede", scope, [stated])
  if (memory === undefined || memory === null) {
    return { ...DROPPED, supersededId: id, closed: false } satisfies Supersession
  }
  if (memory.id === id || (memory.key === null && formerIdsOfText(scope, memory).includes(id))) {
    return yield* invalidInput(
      "content",
      "says what the memory already says; update changes its lifetime, remember restates it"
    )
  }
  const put = (row: StoreRow) =>
    services.fences.write(
      scope,
      fence,
      services.store.supersede({ scope, now, id, row, limits: services.limits })
    )
  const replace = Effect.fnUntraced(function* ([placed = memory]: ReadonlyArray<StatedMemory>) {
    const [row] = yield* encodeRows(services, [placed])
    if (row === undefined) return yield* notFound(id)
    let superseded = yield* put(row)
    yield* reportOwed(services, [row])
    let successorId = memory.id
    if (superseded.outcome === "conflict") {
      const [respelt] = yield* respell(services, scope, [row])
      if (respelt === undefined || respelt === null || respelt.memory.id === id) return yield* takenKey
      superseded = yield* put(respelt)
      successorId = respelt.memory.id
    }
    const { closed, outcome } = superseded
    if (outcome === "conflict") return yield* takenKey
    return { id: superseded.id ?? successorId, outcome, supersededId: id, closed } satisfies Supersession
  })
  return yield* withSessionTurns(services, scope, [memory], replace)
})
