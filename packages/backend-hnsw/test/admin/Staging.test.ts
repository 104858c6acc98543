import { assert, it } from "@effect/vitest"
import { ANY } from "@keepsake/core/driver"
import { Effect } from "effect"
import { openStore } from "../support/openStore.ts"
import { DIMENSIONS, direction, makeFingerprint, makeRow, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

it.effect("a move to another embedder keeps keys, entries and counters of turns", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const scope = makeScope("ana")
    const session = { sessionId: "s", kind: "history" }
    const makeTurn = (turn: number) =>
      makeRow(scope, `turn ${turn}`, direction(turn, DIMENSIONS), {
        sessionId: "s",
        turn,
        key: `key ${turn}`
      })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { admin, store } = yield* openStore({ path })
        const rows = [makeTurn(0), makeTurn(1), makeTurn(2)]
        yield* store.put({ scope, now: NOW, rows })
        const last = rows.at(-1)?.memory.id ?? ""
        yield* store.append({ scope, now: NOW, entries: [{ ...session, number: 0, content: "before" }] })
        yield* admin.stage(makeFingerprint(DIMENSIONS + 1))
        yield* store.append({ scope, now: NOW, entries: [{ ...session, number: 1, content: "during" }] })
        yield* store.remove({ scope, now: NOW, target: { _tag: "Ids", ids: [last] } })
        const unstaged = yield* admin.unstaged({ limit: 10 })
        yield* admin.fillStage(
          unstaged.map((memory, i) => {
            const { owed, passages } = makeRow(scope, memory.content, direction(i, DIMENSIONS + 1))
            return { scope, id: memory.id, passages, owed }
          })
        )
        yield* admin.commitStage
      })
    )
    const { store } = yield* openStore({ path }, DIMENSIONS + 1)
    const { rows } = yield* store.list({ scope, now: NOW, filter: ANY, by: "saidAt", limit: 10 })
    assert.sameMembers(
      rows.map(({ key }) => key),
      ["key 0", "key 1"]
    )
    const entries = yield* store.entries({ scope, ...session, limit: 10 })
    assert.deepStrictEqual(
      entries.map(({ content }) => content),
      ["before", "during"]
    )
    assert.strictEqual(yield* store.lastTurn({ scope, sessionId: "s" }), 2)
  }).pipe(Effect.scoped)
)
