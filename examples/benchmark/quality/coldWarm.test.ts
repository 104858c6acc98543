import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { HnswStore } from "@keepsake/backend-hnsw"
import { AgentMemory, Embedder, type Statement, StoreFingerprint } from "@keepsake/core"
import { Clock, Effect, Layer } from "effect"
import { fixtureEmbedder } from "../../../scripts/first-version/embedder.ts"
import { makeQuery, makeStatement } from "../speed/data.ts"
import { withFolder } from "../speed/folder.ts"
import { readSet, toStatements } from "./EvaluationSet.ts"

const toFile = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const OWN = toFile("../data/keepsake-dialogues.json")
const LOCOMO = toFile("../../../../shared/data/locomo.json")

const NOW = Date.UTC(2026, 0, 1)
const USER = { agentId: "cold", userId: "warm" }

/** Answers depend on the time. */
const stillClock: Clock.Clock = {
  currentTimeMillisUnsafe: () => NOW,
  currentTimeMillis: Effect.succeed(NOW),
  currentTimeNanosUnsafe: () => BigInt(NOW) * 1_000_000n,
  currentTimeNanos: Effect.succeed(BigInt(NOW) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => BigInt(NOW) * 1_000_000n,
  monotonicTimeNanos: Effect.succeed(BigInt(NOW) * 1_000_000n),
  sleep: () => Effect.never
}

interface Asked {
  readonly statements: ReadonlyArray<Statement>
  readonly questions: ReadonlyArray<string>
}

/** All conversations as one user's: a scope of so many rows has blocks. */
const readConversations = async (file: string, questions: number): Promise<Asked> => {
  const { scopes } = await readSet(file)
  const all = scopes.flatMap(({ queries }) => queries.map(({ q }) => q))
  return {
    statements: scopes.flatMap(({ docs, scope }) =>
      toStatements(docs).map((statement) => ({
        ...statement,
        sessionId: `${scope} ${statement.sessionId ?? ""}`,
        key: `${scope} ${statement.key ?? ""}`
      }))
    ),
    questions: all.filter((_, i) => i % Math.ceil(all.length / questions) === 0)
  }
}

const madeUp: Asked = {
  statements: Array.from({ length: 1_500 }, (_, index) => makeStatement({ user: 3, index })),
  questions: Array.from({ length: 15 }, (_, round) => makeQuery(3, round))
}

type Memories = AgentMemory["Service"]

const ask = (memories: Memories, questions: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const memory = yield* memories.for(USER)
    const answers: Array<string> = []
    for (const question of questions) {
      const recalled = yield* memory.recall(question, { minScore: 0 })
      const context = yield* memory.context(question)
      answers.push(JSON.stringify({ question, recalled, context }))
    }
    return answers
  })

/** Answers of the process that wrote, and of one that opens the file again. */
const askWarmAndCold = ({ questions, statements }: Asked, isEmbedded: boolean) =>
  withFolder(async (folder) => {
    const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provide(HnswStore.layer({ path: join(folder, "memory.db"), accessCounts: false })),
      Layer.provide(isEmbedded ? Embedder.layer(fixtureEmbedder) : StoreFingerprint.wordsOnly)
    )
    const open = <A>(body: (memories: Memories) => Effect.Effect<A, unknown>) =>
      Effect.runPromise(
        Effect.flatMap(AgentMemory, body).pipe(
          Effect.provide(layer),
          Effect.provideService(Clock.Clock, stillClock)
        )
      )
    const warm = await open((memories) =>
      Effect.gen(function* () {
        const memory = yield* memories.for(USER)
        // What came before is in an index when the next is written.
        for (let at = 0; at < statements.length; at += 300) {
          yield* memory.rememberMany(statements.slice(at, at + 300))
          yield* memory.recall(questions[0] ?? "")
        }
        return yield* ask(memories, questions)
      })
    )
    // The first opening reads the blocks of writes, the second those of all rows.
    return {
      warm,
      colds: [
        await open((memories) => ask(memories, questions)),
        await open((memories) => ask(memories, questions))
      ]
    }
  })

const assertSame = async (asked: Asked) => {
  for (const isEmbedded of [false, true]) {
    const { colds, warm } = await askWarmAndCold(asked, isEmbedded)
    assert.isAtLeast(warm.length, 10)
    assert.isAbove(new Set(warm).size, 1)
    for (const cold of colds) {
      const other = cold.findIndex((answer, i) => answer !== warm[i])
      assert.strictEqual(other, -1, `another answer to ${asked.questions[other] ?? ""}`)
    }
  }
}

describe("a cold and a warm process answer the same to the last bit", () => {
  it("over our own dialogues", async () => assertSame(await readConversations(OWN, 20)))

  it("over made-up memories", async () => assertSame(madeUp))

  it.skipIf(!existsSync(LOCOMO))("over LoCoMo (skipped without its file)", async () =>
    assertSame(await readConversations(LOCOMO, 20))
  )
})
