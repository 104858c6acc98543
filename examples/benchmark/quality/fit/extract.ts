/** Asks messages of scopes and keeps what the score reads of each candidate. */
import { AgentMemory, Embedder, MemoryStore, StoreAdmin } from "@keepsake/core"
import { STORE_LIMITS } from "@keepsake/core/driver"
import { memoryLayer } from "@keepsake/keepsake"
import { Effect, ManagedRuntime, Option } from "effect"
import { embedQuestions } from "../../../../packages/core/src/embedding/askEmbedder.ts"
import { ANY } from "../../../../packages/core/src/memory/Condition.ts"
import { countPhrases } from "../../../../packages/core/src/recall/features.ts"
import { readMessage } from "../../../../packages/core/src/recall/query.ts"
import { readEvidence } from "../../../../packages/core/src/recall/readEvidence.ts"
import { SentenceCache } from "../../../../packages/core/src/recall/sentences/SentenceCache.ts"
import { WordSequences } from "../../../../packages/core/src/recall/WordSequences.ts"
import { FEATURES } from "../../../../packages/core/src/recall/weights.ts"
import { UTC } from "../../../../packages/core/src/text/time/TimeZone.ts"
import type { Asked, World } from "./worlds.ts"

/** A message with the candidates of its answer. */
export interface Sample {
  readonly kind: string
  readonly world: string
  readonly size: number
  readonly words: number
  readonly parts: number
  readonly text: string
  readonly goldCount: number
  /** The features of each candidate, one after another. */
  readonly features: Float32Array
  readonly gold: ReadonlyArray<boolean>
}

/** As in `makeRetriever`. */
const EMBEDDED_PARTS = 4
const BATCH = 256
const NOW = Date.UTC(2026, 5, 1)

const agentId = "fit"

/** Opens a store; `ask` reads the candidates of a message. */
export const openWorlds = (file: string, embedder: string | null) => {
  const runtime = ManagedRuntime.make(
    memoryLayer({
      store: { backend: "hnsw", path: file },
      embedder: embedder ?? "none"
    })
  )
  const sequences = new WordSequences()

  const fill = async ({ name, statements }: World): Promise<ReadonlyMap<string, string>> =>
    runtime.runPromise(
      Effect.gen(function* () {
        const memory = yield* (yield* AgentMemory).for({ agentId, userId: name })
        const keys = new Map<string, string>()
        for (let at = 0; at < statements.length; at += BATCH) {
          const batch = statements.slice(at, at + BATCH)
          const written = yield* memory.rememberMany(batch)
          written.forEach(({ id }, i) => {
            if (id !== null) keys.set(id, batch[i]?.key ?? "")
          })
        }
        return keys
      })
    )

  const ask = async (
    world: World,
    keys: ReadonlyMap<string, string>,
    { gold, kind, text }: Asked
  ): Promise<Sample | null> =>
    runtime.runPromise(
      Effect.gen(function* () {
        const store = yield* MemoryStore
        const admin = yield* StoreAdmin
        const scope = { agentId, userId: world.name }
        const fingerprint = yield* admin.fingerprint
        const speakers = yield* store.speakers({ scope, now: NOW })
        const queries = readMessage(text, speakers, NOW, fingerprint.tokeniser, UTC)
        const texts = queries.slice(0, EMBEDDED_PARTS).map((query) => query.text)
        const service = Option.getOrNull(yield* Effect.serviceOption(Embedder))
        const vectors = service === null ? [] : (yield* embedQuestions(service, texts)).vectors
        if (
          vectors.every((vector) => vector === undefined) &&
          queries.every(({ terms }) => terms.length === 0)
        )
          return null
        const request = { scope, now: NOW, query: text, filter: ANY, limit: 10 }
        const { read, rows, scorer } = yield* readEvidence(
          { store, fingerprint, sequences, sentences: new SentenceCache() },
          request,
          { queries, vectors }
        )
        const unread = rows.filter((row) => row.phrasesMax > 0 && row.text === null)
        for (let at = 0; at < unread.length; at += STORE_LIMITS.batch) {
          const excerpts = yield* store.excerpts({
            scope,
            now: NOW,
            rows: unread
              .slice(at, at + STORE_LIMITS.batch)
              .map(({ facts, passage }) => ({ id: facts.id, passage }))
          })
          for (const excerpt of excerpts) read(excerpt)
        }
        const features = new Float32Array(rows.length * FEATURES.length)
        rows.forEach((row, i) => {
          const query = queries[row.part]
          const phrases =
            query === undefined || row.text === null || row.passage !== row.worded
              ? 0
              : countPhrases(query, row, sequences.read(row.text.excerpt.memory.content, query.tokeniser))
          features.set(scorer.features(row, phrases), i * FEATURES.length)
        })
        return {
          kind,
          world: world.name,
          size: world.statements.length,
          words: queries.reduce((sum, { words }) => sum + words.length, 0),
          parts: queries.length,
          text,
          goldCount: gold.size,
          features,
          gold: rows.map(({ facts }) => gold.has(keys.get(facts.id) ?? ""))
        }
      }).pipe(Effect.orDie)
    )

  return { fill, ask, close: async () => runtime.dispose() }
}
