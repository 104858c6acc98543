/** A collection of the first version on its way to layout 2. */
import { assert, describe, it } from "@effect/vitest"
import {
  ANY,
  type Condition,
  toCondition,
  matches,
  type Memory,
  not,
  type Target
} from "@keepsake/core/driver"
import { Effect } from "effect"
import type { Fault } from "../server/faults.ts"
import type { QdrantServer } from "../server/QdrantServer.ts"
import {
  COLLECTION,
  firstCollection,
  NAMED_LAYOUT_1,
  openFirstVersion,
  startFirstVersion
} from "../support/firstVersion.ts"
import { flipError } from "../support/openStore.ts"
import { passage } from "../support/rows.ts"

const NOW = 1_757_776_000_000
const SCOPE = { agentId: "assistant", userId: "ana" }

const IN_ADDRESS: Condition = { _tag: "In", target: { path: ["address", "city"] }, values: ["Porto"] }
const HIGH_FLOOR: Condition = { _tag: "Compare", target: { path: ["floor"] }, comparison: "gte", value: 3 }
const IMPORTANT: Condition = {
  _tag: "Compare",
  target: { field: "importance" },
  comparison: "gte",
  value: 0.3
}
const UPDATED: Condition = {
  _tag: "Compare",
  target: { field: "updatedAt" },
  comparison: "gte",
  value: 1_750_010_000_000
}

const TOLD_BY_OLD_POINTS: ReadonlyArray<Condition> = [
  ANY,
  toCondition({ types: ["semantic"], metadata: { topic: "home" } }),
  not(toCondition({ metadata: { urgent: true } })),
  { _tag: "In", target: { path: ["floor"] }, values: [1, 2, "3"] },
  { _tag: "Exists", target: { field: "speaker" } },
  UPDATED
]
const TOLD_AFTER_THE_MOVE: ReadonlyArray<Condition> = [
  IN_ADDRESS,
  HIGH_FLOOR,
  IMPORTANT,
  not(HIGH_FLOOR),
  { _tag: "Exists", target: { path: ["topic"] } },
  { _tag: "Contains", target: { path: ["address", "lines"] }, value: "Rua 1" }
]

/** A request that moves a page of points; a patch also has the metadata. */
const isMovePage = (body: unknown): boolean => {
  const text = JSON.stringify(body ?? {})
  return text.includes('"meta":null') && !text.includes('"metadata"')
}

/** Fails each page of the move. */
const stopMoving = (server: QdrantServer): void => {
  server.faults = ({ body }) => (isMovePage(body) ? { _tag: "Status", status: 503 } : undefined)
}

const note = (server: QdrantServer) => firstCollection(server).metadata["keepsake"] as { moving?: boolean }

const waitUntil = (holds: () => boolean) =>
  Effect.promise(async () => {
    while (!holds()) await new Promise((resume) => setTimeout(resume, 5))
  })

type Store = Effect.Success<ReturnType<typeof openFirstVersion>>["store"]

const listAll = (store: Store, filter: Condition = ANY) =>
  Effect.map(store.list({ scope: SCOPE, now: NOW, filter, limit: 1_000 }), ({ rows }) => rows)

const selects = Effect.fnUntraced(function* (store: Store, conditions: ReadonlyArray<Condition>) {
  const all: ReadonlyArray<Memory> = yield* listAll(store)
  for (const condition of conditions) {
    const expected = all.filter((memory) => matches(condition, memory)).map(({ id }) => id)
    const selected = (yield* listAll(store, condition)).map(({ id }) => id)
    assert.deepStrictEqual(selected, expected, JSON.stringify(condition))
    assert.isAbove(expected.length, 0, "the condition proves something")
  }
})

const INTERRUPTIONS: ReadonlyArray<Fault> = [
  { _tag: "Reset", when: "before" },
  { _tag: "Reset", when: "midBatch" },
  { _tag: "Reset", when: "after" }
]

/** 32 pages of the move: each interruption leaves some. */
const OLD_POINTS = 4_096
const I: Target = { path: ["i"] }

/** Adds copies of a point of the first version, with a number in the metadata and a growing importance. */
const addOldPoints = (server: QdrantServer, count: number): void => {
  const { points } = firstCollection(server)
  const [template] = points.values()
  if (template === undefined) throw new Error("there is no point to copy")
  for (let i = 0; i < count; i++) {
    const id = `00000000-0000-5000-8000-${String(i).padStart(12, "0")}`
    const changes = { metadata: `{"i":${i}}`, meta: [`i=${i}`], importance: String(i / count) }
    points.set(id, { ...template, id, payload: { ...template.payload, ...changes } })
  }
}

describe("a collection of the first version", () => {
  it.live("is no longer found by a process of the first version", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      const [oldAlias] = server.data.aliases.keys()
      assert.match(oldAlias ?? "", new RegExp(`^${NAMED_LAYOUT_1}[0-9a-f]{8}$`, "u"))
      const { size } = firstCollection(server).points
      yield* openFirstVersion(server)
      const deleteAll = {
        operations: [{ delete: { filter: { must_not: [{ key: "scope", match: { value: "" } }] } } }]
      }
      const { status } = yield* Effect.promise(() =>
        fetch(`${server.url}/collections/${oldAlias}/points/batch`, {
          method: "POST",
          body: JSON.stringify(deleteAll)
        })
      )
      assert.strictEqual(status, 404)
      assert.strictEqual(firstCollection(server).points.size, size)
      // That process lists the aliases by this prefix, and refuses a layout that it does not know.
      const aliases = Array.from(server.data.aliases)
      assert.strictEqual(aliases.length, 1)
      assert.isTrue(aliases[0]?.[0].startsWith(NAMED_LAYOUT_1))
      assert.strictEqual(aliases[0]?.[1], COLLECTION)
      assert.propertyVal(note(server), "layout", 2)
    })
  )

  it.live("answers at once what its points can tell, and refuses the rest by name", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      stopMoving(server)
      const { store } = yield* openFirstVersion(server)
      yield* selects(store, TOLD_BY_OLD_POINTS)
      for (const condition of TOLD_AFTER_THE_MOVE) {
        const error = yield* flipError(listAll(store, condition))
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.match(error.message, /until the collection is moved to layout 2: 0 % done/u)
      }
      const search = {
        scope: SCOPE,
        now: NOW,
        parts: [{ terms: Uint32Array.of(1) }],
        limit: 5,
        filter: IN_ADDRESS
      }
      assert.strictEqual((yield* flipError(store.search(search))).reason._tag, "Unsupported")
      const target = { _tag: "Filter", filter: IN_ADDRESS } as const
      const before = yield* listAll(store)
      yield* flipError(store.remove({ scope: SCOPE, now: NOW, target }))
      assert.deepStrictEqual(yield* listAll(store), before)
    })
  )

  it.live("answers everything once it is moved, and its points have layout 2", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      const { store } = yield* openFirstVersion(server)
      yield* waitUntil(() => note(server).moving === undefined)
      yield* selects(store, [...TOLD_BY_OLD_POINTS, ...TOLD_AFTER_THE_MOVE])
      for (const { payload } of firstCollection(server).points.values()) {
        assert.notProperty(payload, "meta")
        assert.strictEqual(payload["layout"], 2)
      }
    })
  )

  it.live("is moved for a store that opened it before another one finished", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      stopMoving(server)
      const { store } = yield* openFirstVersion(server)
      server.faults = () => undefined
      yield* Effect.scoped(
        Effect.andThen(
          openFirstVersion(server),
          waitUntil(() => note(server).moving === undefined)
        )
      )
      yield* selects(store, TOLD_AFTER_THE_MOVE)
    })
  )

  it.live("keeps what is written during the move", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      stopMoving(server)
      const { store } = yield* openFirstVersion(server)
      const [first, second] = yield* listAll(store)
      const patch = (id: string, change: object) => store.patch({ scope: SCOPE, now: NOW, id, change })
      yield* patch(first?.id ?? "", { metadata: { topic: "new", floor: 100 } })
      yield* patch(second?.id ?? "", { importance: 0.99 })
      const moved = toCondition({ metadata: { topic: "new" } })
      assert.strictEqual((yield* listAll(store, moved)).length, 1, "new facts are asked beside the old")
      const oldTopic = toCondition({ metadata: { topic: first?.metadata["topic"] as string } })
      const ofOldTopic = yield* listAll(store, oldTopic)
      assert.isFalse(
        ofOldTopic.some(({ id }) => id === first?.id),
        "its old entry is gone"
      )
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Filter", filter: moved } })
      yield* patch(second?.id ?? "", { metadata: { topic: "newer" } })
      server.faults = () => undefined
      const again = yield* openFirstVersion(server)
      yield* waitUntil(() => note(server).moving === undefined)
      yield* selects(again.store, [
        { _tag: "Compare", target: { field: "importance" }, comparison: "gt", value: 0.98 },
        toCondition({ metadata: { topic: "newer" } })
      ])
      assert.strictEqual((yield* listAll(again.store, moved)).length, 0)
    })
  )

  it.live("goes on after an interruption at any of 50 points", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      addOldPoints(server, OLD_POINTS)
      let interruptions = 0
      for (let i = 0; i < 50; i++) {
        let hit = false
        let pages = i % 4 === 0 ? 1 : 0
        server.faults = ({ body }) => {
          if (!isMovePage(body) || pages-- > 0) return undefined
          hit = true
          return INTERRUPTIONS[i % INTERRUPTIONS.length]
        }
        const stopped = waitUntil(() => hit || note(server).moving === undefined)
        yield* Effect.scoped(Effect.andThen(openFirstVersion(server), stopped))
        if (hit) interruptions++
      }
      assert.strictEqual(interruptions, 50)
      server.faults = () => undefined
      const { store } = yield* openFirstVersion(server)
      yield* waitUntil(() => note(server).moving === undefined)
      const count = (filter: Condition) => store.count({ scope: SCOPE, now: NOW, filter, lifetime: "any" })
      for (const i of [0, 1, 127, 128, OLD_POINTS - 1]) {
        assert.strictEqual(yield* count({ _tag: "In", target: I, values: [i] }), 1)
      }
      const half = OLD_POINTS / 2
      assert.strictEqual(yield* count({ _tag: "Compare", target: I, comparison: "lt", value: half }), half)
      const unimportant: Condition = { ...IMPORTANT, comparison: "lt", value: 0.5 }
      assert.strictEqual(
        yield* count({ _tag: "And", conditions: [{ _tag: "Exists", target: I }, unimportant] }),
        half
      )
    })
  )

  it.live("is moved before another embedder's space is switched to", () =>
    Effect.gen(function* () {
      const server = yield* startFirstVersion
      stopMoving(server)
      const { admin } = yield* openFirstVersion(server)
      const next = { ...(yield* admin.fingerprint), avgLen: 33 }
      yield* admin.stage(next)
      for (;;) {
        const rows = yield* admin.unstaged({ limit: 50 })
        if (rows.length === 0) break
        yield* admin.fillStage(
          rows.map(({ content, id, scope }) => ({
            id,
            scope,
            passages: [passage(content, null)],
            owed: false
          }))
        )
      }
      server.faults = () => undefined
      yield* admin.commitStage
      const aliased = Array.from(server.data.aliases.values())
      assert.notInclude(aliased, COLLECTION)
      const moved = server.data.collections.get(aliased[0] ?? "")?.points
      assert.isAbove(moved?.size ?? 0, 90)
      for (const { payload } of moved?.values() ?? []) assert.strictEqual(payload["layout"], 2)
    })
  )
})
