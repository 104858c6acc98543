import { assert, it } from "@effect/vitest"
import { HnswStore } from "@keepsake/backend-hnsw"
import { AgentMemory, Embedder, MemoryStore, StoreFingerprint } from "@keepsake/core"
import { termId } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { Context, Effect, Layer } from "effect"
import { countBytes, type HandedOut, sizeOf } from "../support/countBytes.ts"
import { DIMENSIONS, direction, makeScope } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const CHARACTERS = 10_000
const MEMORIES = 260
const TURNS = 20
/** Beyond the memories that are returned. */
const BYTES_MAX = 250_000

/** A word of a frequency rank, in a form that the stemmer does not change. */
const makeWord = (rank: number): string =>
  Array.from(String(rank), (digit) => `${"bdfghjklmn"[Number(digit)]}a`).join("")

/** A long text of words by Zipf's law, in paragraphs. */
const makeText = (number: number): string => {
  const random = makeRandom(number)
  const words: Array<string> = []
  for (let length = 0; length < CHARACTERS;) {
    const word = makeWord(Math.floor(3_000 ** random.next()))
    words.push(words.length % 40 === 39 ? `${word}.\n\n` : word)
    length += word.length + 1
  }
  return words.join(" ").slice(0, CHARACTERS)
}

const QUESTION = [70, 150, 300, 450, 700, 1_000, 1_400, 2_000].map(makeWord).join(" ")

const embedder = Embedder.layer({
  model: "test",
  dimensions: DIMENSIONS,
  batch: 256,
  embed: (texts) => texts.map((text) => direction(termId(text), DIMENSIONS))
})

/** A space whose long texts are cut: the first version's are not. */
const cutting = Layer.effect(
  StoreFingerprint,
  Effect.map(StoreFingerprint, (fingerprint) => ({ ...fingerprint, tokeniser: "en-cut" }))
)

it.effect("a recall over long texts is handed their passages, not their texts", () =>
  Effect.gen(function* () {
    const path = `${yield* temporaryFolder}/memory.db`
    const services = yield* Layer.build(
      HnswStore.layer({ path, synchronous: "normal" }).pipe(
        Layer.provideMerge(cutting),
        Layer.provideMerge(embedder)
      )
    )
    const { handedOut, store } = countBytes(Context.get(services, MemoryStore))
    const counted = Layer.succeedContext(Context.add(services, MemoryStore, store))
    const memory = yield* Layer.build(Layer.provide(AgentMemory.layer({ purgeEvery: false }), counted)).pipe(
      Effect.map((context) => Context.get(context, AgentMemory))
    )
    const mine = yield* memory.for(makeScope("ana"))
    for (let from = 0; from < MEMORIES; from += TURNS) {
      yield* mine.rememberMany(
        Array.from({ length: TURNS }, (_, turn) => ({
          content: makeText(from + turn),
          sessionId: `session ${from / TURNS}`,
          turn
        }))
      )
    }
    const before: HandedOut = { ...handedOut }
    const found = yield* mine.recall(QUESTION, { limit: 10, minScore: 0 })
    assert.strictEqual(found.length, 10)
    const returned = found.reduce((sum, row) => sum + sizeOf(row.memory), 0)
    const bytes = Object.entries(handedOut).map(([method, sum]) => sum - before[method as keyof HandedOut])
    const total = bytes.reduce((a, b) => a + b, 0)
    assert.isAtMost(total - returned, BYTES_MAX, JSON.stringify({ ...handedOut, returned }))
    // The search tells of its candidates, and the neighbours' trip of theirs.
    assert.isAbove(handedOut.search, 10_000)
    assert.isAbove(handedOut.around, 10_000)
  }).pipe(Effect.scoped)
)
