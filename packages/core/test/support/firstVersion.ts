/** What a store made by the first version must do under today's code, whatever the backend. */
import { assert, layer } from "@effect/vitest"
import {
  AgentMemory,
  Embedder,
  type Fingerprint,
  type Memory,
  type MemoryError,
  MemoryStore,
  promiseClient,
  type Scope,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { ANY, formerIdOfText, TOKENISER } from "@keepsake/core/driver"
import { Clock, Context, Effect, Layer, type Scope as EffectScope } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { FIRST_VERSION } from "../../../../scripts/first-version/commit.ts"
import { fixtureEmbedder } from "../../../../scripts/first-version/embedder.ts"
import { MemoryFiles } from "../../../agent/src/tools/memoryFiles/MemoryFiles.ts"
import { reembedStore } from "../../../keepsake/src/interchange/reembedStore.ts"
import { answer, type Question } from "./answer.ts"

/** How far a score may lie from the first version's. */
const TOLERANCE = 1e-6
const HOUR = 3_600_000

/** `words`: no vectors. `vectors`: 16 dimensions. `large`: 10,000 rows of 16 dimensions in one scope. */
export const FIXTURE_KINDS = ["words", "vectors", "large"] as const
export type FixtureKind = (typeof FIXTURE_KINDS)[number]

/** A fixture in a temporary place. */
export interface Restored {
  /** Opens the place; more than once. */
  readonly layer: Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>
  /** The number of the format, read before today's code opened the place. */
  readonly format: unknown
}

/** Puts the files of a folder in a place that goes with the Effect scope. */
export type Restore = (folder: string, kind: FixtureKind) => Effect.Effect<Restored, never, EffectScope.Scope>

interface Expected {
  readonly commit: string
  readonly now: number
  readonly fingerprint: Fingerprint
  /** The scope that holds most. */
  readonly scope: Scope
  readonly scopes: ReadonlyArray<{ readonly scope: Scope; readonly rows: number }>
  /** Every row that an answer holds; answers name a row by its place here. */
  readonly memories: ReadonlyArray<Memory>
  readonly questions: ReadonlyArray<Question & { readonly answer: unknown }>
  /** The agent's files of `scope`. */
  readonly files: ReadonlyArray<{ readonly path: string; readonly text: string; readonly version: number }>
}

interface RecallQuestion {
  readonly scope: Scope
  readonly query: string
  readonly options: object
  readonly answer: unknown
}

interface ExpectedRecall {
  readonly now: number
  readonly recalls: ReadonlyArray<RecallQuestion>
  readonly contexts: ReadonlyArray<RecallQuestion>
}

const readExpected = (folder: string): Expected =>
  JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected

/** Time stands still, and nothing wakes up in the background. */
const stillClock = (now: number): Clock.Clock => ({
  currentTimeMillisUnsafe: () => now,
  currentTimeMillis: Effect.succeed(now),
  currentTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
  currentTimeNanos: Effect.succeed(BigInt(now) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
  monotonicTimeNanos: Effect.succeed(BigInt(now) * 1_000_000n),
  sleep: () => Effect.never
})

/** Today's own fingerprint, as an application gives it. */
const makeSpace = ({ fingerprint }: Expected) =>
  fingerprint.embedding === null ? StoreFingerprint.wordsOnly : Embedder.layer(fixtureEmbedder)

const openStore = (restored: Restored, expected: Expected) =>
  Effect.gen(function* () {
    const services = yield* Layer.build(Layer.provide(restored.layer, makeSpace(expected)))
    return { store: Context.get(services, MemoryStore), admin: Context.get(services, StoreAdmin) }
  })

const memoryLayer = (restored: Restored, expected: Expected) =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(restored.layer),
    Layer.provide(makeSpace(expected))
  )

/** Opens the place, runs `body` at a moment and closes the place. */
const withMemory = <A>(
  restored: Restored,
  expected: Expected,
  now: number,
  body: (memory: AgentMemory["Service"]) => Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> =>
  Effect.flatMap(AgentMemory, body).pipe(
    Effect.provide(memoryLayer(restored, expected)),
    Effect.provideService(Clock.Clock, stillClock(now))
  )

/** Equal as JSON, numbers within the tolerance. */
const assertNear = (actual: unknown, expected: unknown, what: string): void => {
  if (typeof actual === "number" && typeof expected === "number") {
    assert.isAtMost(Math.abs(actual - expected), TOLERANCE, `${what}: ${actual} where ${expected} is right`)
  } else if (Array.isArray(actual) && Array.isArray(expected)) {
    assert.strictEqual(actual.length, expected.length, `${what}: length`)
    actual.forEach((part, i) => assertNear(part, expected[i], `${what}[${i}]`))
  } else if (isObject(actual) && isObject(expected)) {
    assert.deepStrictEqual(Object.keys(actual).toSorted(), Object.keys(expected).toSorted(), what)
    for (const [key, part] of Object.entries(actual)) assertNear(part, expected[key], `${what}.${key}`)
  } else {
    assert.strictEqual(actual, expected, what)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Asks the store all that the first version was asked. `relax` changes a question before it is asked. */
export const assertSameAnswers = (
  restored: Restored,
  folder: string,
  relax: (question: Question) => Question = (question) => question
): Effect.Effect<void, MemoryError> => {
  const expected = readExpected(folder)
  // The first version kept no keys.
  const rows = new Map(
    expected.memories.map((memory, row) => [memory.id, { memory: { ...memory, key: null }, row }])
  )
  const toNumber = (memory: Memory): number => {
    const known = rows.get(memory.id)
    if (known === undefined) assert.fail(`${memory.id} is in no answer of the first version`)
    assert.isTrue(
      isDeepStrictEqual(structuredClone(memory), known.memory),
      `${JSON.stringify(memory)} where ${JSON.stringify(known.memory)} is right`
    )
    return known.row
  }
  return Effect.gen(function* () {
    const { admin, store } = yield* openStore(restored, expected)
    for (const question of expected.questions) {
      const { method, request } = question
      const actual = yield* answer(store, relax({ method, request }), toNumber)
      assertNear(actual, question.answer, `${method} ${JSON.stringify(request).slice(0, 200)}`)
    }
    const scopes = yield* admin.scopes({ limit: 1_000 })
    // The first version counted no bytes.
    assert.sameDeepMembers(
      scopes.map(({ rows: count, scope }) => ({ scope: { ...scope }, rows: count })),
      [...expected.scopes]
    )
  }).pipe(Effect.scoped)
}

const readFiles = async (restored: Restored, expected: Expected) => {
  const client = await promiseClient(memoryLayer(restored, expected))
  const { files } = await new MemoryFiles(client.files(expected.scope)).tree()
  await client.close()
  return Array.from(files.values(), ({ path, text, version }) => ({ path, text, version }))
}

/** One question a line, so that a change can be reviewed. */
const formatRecall = (recall: ExpectedRecall): string =>
  `${JSON.stringify(recall).replaceAll('{"scope":', '\n{"scope":')}\n`

/**
 * Scores and blocks, which a later version changes on purpose: `KEEPSAKE_ACCEPT_SCORES=1` then writes today's into
 * `recall.json`.
 */
const recallAgain = Effect.fnUntraced(function* (restored: Restored, folder: string) {
  const expected = readExpected(folder)
  const path = join(folder, "recall.json")
  const then = JSON.parse(readFileSync(path, "utf8")) as ExpectedRecall
  const today = yield* withMemory(restored, expected, then.now, (memory) =>
    Effect.gen(function* () {
      const recalls = yield* Effect.forEach(then.recalls, (question) =>
        Effect.gen(function* () {
          const found = yield* (yield* memory.for(question.scope)).recall(question.query, question.options)
          return {
            ...question,
            answer: found.map(({ memory, score }) => [memory.id, Number(score.toFixed(8))])
          }
        })
      )
      const contexts = yield* Effect.forEach(then.contexts, (question) =>
        Effect.gen(function* () {
          const { text } = yield* (yield* memory.for(question.scope)).context(
            question.query,
            question.options
          )
          return { ...question, answer: text }
        })
      )
      return { now: then.now, recalls, contexts }
    })
  )
  if (process.env["KEEPSAKE_ACCEPT_SCORES"] === "1") writeFileSync(path, formatRecall(today))
  else assertNear(today, then, "recall")
})

/** Live rows under the id of their text, to be changed. */
const rowsToChange = ({ memories, scope }: Expected): ReadonlyArray<Memory> =>
  memories.filter(
    (memory) =>
      memory.id === formerIdOfText(scope, memory) &&
      memory.validity.at(-1)?.to === null &&
      memory.expiresAt === null &&
      !memory.pinned
  )

/** A text as somebody else writes it: the ids of the first version differ. */
const respell = (text: string): string =>
  text.endsWith(".") ? ` ${text.slice(0, -1)}!` : ` ${text.replaceAll(" ", "  ")}!`

const NEW_TEXT = "The tent lies dry in the attic above the bakery."
const NEWER_TEXT = "This replaces what the first version knew."

/** Writes to the place, closes it, opens it again and reads. */
const writeAndReopen = Effect.fnUntraced(function* (restored: Restored, expected: Expected) {
  const { now, scope } = expected
  const [known, replaced, forgotten, updated] = rowsToChange(expected)
  if (known === undefined || replaced === undefined || forgotten === undefined || updated === undefined) {
    return assert.fail("the fixture holds too few rows")
  }
  const lastTurn = Math.max(
    -1,
    ...expected.memories.map(({ sessionId, turn }) => (sessionId === "monday" ? (turn ?? -1) : -1))
  )

  const written = yield* withMemory(restored, expected, now + HOUR, (memory) =>
    Effect.gen(function* () {
      const mine = yield* memory.for(scope)
      const { total } = yield* mine.stats()
      const fresh = yield* mine.remember(NEW_TEXT)
      assert.strictEqual(fresh.outcome, "created")
      const { content, source, speaker, type } = known
      assert.deepStrictEqual(yield* mine.remember({ content, source, speaker, type }), {
        id: known.id,
        outcome: "refreshed"
      })
      // Most fixture texts are sentences: their other spellings find them too.
      if (/^\p{Lu}.*\.$/u.test(content)) {
        assert.deepStrictEqual(
          yield* mine.rememberMany([{ content: respell(content), source, speaker, type }]),
          [{ id: known.id, outcome: "refreshed" }]
        )
      }
      const next = yield* mine.supersede(replaced.id, NEWER_TEXT)
      assert.isTrue(next.closed)
      assert.strictEqual((yield* mine.forget(forgotten.id)).removed, 1)
      yield* mine.update(updated.id, { pinned: true, importance: 1 })
      const [asked] = yield* mine.rememberExchange({
        sessionId: "monday",
        user: "And today?",
        assistant: "Rain."
      })
      return { total, fresh, next, asked }
    })
  )

  yield* withMemory(restored, expected, now + 2 * HOUR, (memory) =>
    Effect.gen(function* () {
      const mine = yield* memory.for(scope)
      const [best] = yield* mine.recall("Is the tent in the attic above the bakery?")
      assert.strictEqual(best?.memory.id, written.fresh.id)
      assert.strictEqual((yield* mine.get(known.id))?.updatedAt, now + HOUR)
      assert.strictEqual((yield* mine.get(replaced.id))?.supersededBy, written.next.id)
      assert.isNull(yield* mine.get(forgotten.id))
      assert.strictEqual((yield* mine.get(updated.id))?.pinned, true)
      assert.strictEqual((yield* mine.get(written.asked?.id ?? ""))?.turn, lastTurn + 1)
      // One is new, one replaces another, one is gone, and two are the exchange.
      assert.strictEqual((yield* mine.stats()).total, written.total + 2)
    })
  )
})

const UMLAUT_TEXT = "Die Sonnenblumen stehen in der Goethestraße."

/** Moves the place to today's terms while it serves the old ones, and finds what those could not. */
const moveTerms = Effect.fnUntraced(function* (restored: Restored, expected: Expected) {
  const { fingerprint, now, scope } = expected
  const ask = (at: number) =>
    withMemory(restored, expected, at, (memory) =>
      Effect.flatMap(memory.for(scope), (mine) =>
        Effect.map(mine.recall("Goethestrasse", { minScore: 0, limit: 1 }), ([best]) => best?.memory.content)
      )
    )
  yield* withMemory(restored, expected, now + 3 * HOUR, (memory) =>
    Effect.flatMap(memory.for(scope), (mine) => mine.remember(UMLAUT_TEXT))
  )
  if (fingerprint.embedding === null) assert.notStrictEqual(yield* ask(now + 3 * HOUR), UMLAUT_TEXT)
  const { admin, store } = yield* openStore(restored, expected)
  assert.strictEqual((yield* admin.fingerprint).tokeniser, fingerprint.tokeniser)
  const live = { scope, now: now + 3 * HOUR, filter: ANY, lifetime: "live" } as const
  const before = yield* store.count(live)
  const next = { ...fingerprint, tokeniser: TOKENISER }
  const embedder =
    fingerprint.embedding === null
      ? null
      : Context.get(yield* Layer.build(Embedder.layer(fixtureEmbedder)), Embedder)
  yield* Effect.provideService(
    reembedStore(next, embedder, () => Effect.void),
    StoreAdmin,
    admin
  )
  const moved = yield* openStore(restored, expected)
  assert.deepStrictEqual(structuredClone(yield* moved.admin.fingerprint), next)
  assert.strictEqual(yield* moved.store.count(live), before)
  assert.strictEqual(yield* ask(now + 3 * HOUR), UMLAUT_TEXT)
})

/** Erases the fixture's user, and finds nothing of theirs after the place is opened again. */
const eraseAndReopen = Effect.fnUntraced(function* (restored: Restored, expected: Expected) {
  const { userId } = expected.scope
  yield* withMemory(restored, expected, expected.now + 4 * HOUR, (memory) => memory.eraseUser({ userId }))
  const { admin } = yield* openStore(restored, expected)
  const left = yield* admin.scopes({ limit: 1_000 })
  assert.sameDeepMembers(
    left.map(({ scope }) => ({ ...scope })),
    expected.scopes.map(({ scope }) => scope).filter((scope) => scope.userId !== userId)
  )
})

/** Each of them passes over 10,000 rows, in a database that may be slow. */
const MOST_MS = 240_000

/**
 * Registers a backend's cases, in an order in which each leaves the place as the next expects it.
 * @param folder `test/fixtures/first-version` of the backend
 */
export const firstVersionTests = (name: string, folder: string, restore: Restore): void => {
  class Place extends Context.Service<Place, Restored>()("@keepsake/core/test/Place") {}
  for (const kind of FIXTURE_KINDS) {
    const files = join(folder, kind)
    const place = Layer.effect(Place, restore(files, kind))
    layer(place, { excludeTestServices: true })(`${name}, of the first version, ${kind}`, (it) => {
      const expected = readExpected(files)
      it.effect("is of format 1", () =>
        Effect.map(Place, ({ format }) => {
          assert.strictEqual(format, 1)
          assert.strictEqual(expected.commit, FIRST_VERSION)
        })
      )
      it.effect(
        "holds the same rows, and finds, lists and counts them as it did",
        () => Effect.flatMap(Place, (restored) => assertSameAnswers(restored, files)),
        MOST_MS
      )
      it.effect("holds the agent's files", () =>
        Effect.gen(function* () {
          const restored = yield* Place
          assert.sameDeepMembers(yield* Effect.promise(() => readFiles(restored, expected)), [
            ...expected.files
          ])
        })
      )
      it.effect("scores and renders as it did", () =>
        Effect.flatMap(Place, (restored) => recallAgain(restored, files))
      )
      it.effect(
        "takes writes at once, and shows them when it is opened again",
        () => Effect.flatMap(Place, (restored) => writeAndReopen(restored, expected)),
        MOST_MS
      )
      // 10,000 rows take minutes where the database is slow.
      if (kind !== "large") {
        it.effect("moves to today's terms while it serves", () =>
          Effect.flatMap(Place, (restored) => Effect.scoped(moveTerms(restored, expected)))
        )
      }
      it.effect(
        "erases a user",
        () => Effect.flatMap(Place, (restored) => Effect.scoped(eraseAndReopen(restored, expected))),
        MOST_MS
      )
    })
  }
}
