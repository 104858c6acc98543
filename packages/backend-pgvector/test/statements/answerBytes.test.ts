/** A recall over long texts brings facts, evidence and passages, not texts. */
import { AgentMemory, Embedder, fingerprint, MemoryStore } from "@keepsake/core"
import { encodePassages, memoryIdOfText, type StoreRow } from "@keepsake/core/driver"
import { makeRandom, rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Pool } from "pg"
import type { Socket } from "node:net"
import { fixtureEmbedder } from "../../../../scripts/first-version/embedder.ts"
import { PgVectorStore } from "../../src/index.ts"
import { DIMENSIONS, NO_SERVER, requireServerUrl, serverSchema, serverUrl } from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const random = makeRandom(5)
const MESSAGES = 300
const CHARACTERS = 10_000
const BYTES_MAX = 400_000
/** Cuts texts into passages, as stores of the next tokeniser have them. */
const CUTTING = { ...fingerprint(fixtureEmbedder), tokeniser: "cuts" }

const WORDS = Array.from({ length: 400 }, (_, i) => `word${i}`)
const sentence = (): string =>
  `${Array.from({ length: 12 }, () => WORDS[Math.floor(WORDS.length * random.next() ** 2)]).join(" ")}. `

const message = (): string => {
  let text = ""
  while (text.length < CHARACTERS) text += sentence()
  return text.slice(0, CHARACTERS)
}

const makeRows = Effect.gen(function* () {
  const embedder = yield* Embedder
  const texts = Array.from({ length: MESSAGES }, message)
  const encoded = yield* encodePassages(embedder, CUTTING, texts, "refuse")
  return texts.flatMap((content, i): ReadonlyArray<StoreRow> => {
    const passages = encoded[i]
    if (passages === undefined) return []
    const { memory } = row("plain", { sessionId: `s${i % 10}`, turn: Math.floor(i / 10), at: T0 + i })
    const id = memoryIdOfText(scope, { ...memory, content })
    return [{ memory: { ...memory, id, content }, ...passages }]
  })
})

/** What the driver reads from; its types do not name it. */
const socketOf = (client: object): Socket => {
  const connection = Reflect.get(client, "connection") as { readonly stream: Socket }
  return connection.stream
}

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`answers over long texts${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  it.live(`take at most ${BYTES_MAX} bytes of ${MESSAGES} texts of ${CHARACTERS} characters`, () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const sockets: Array<Socket> = []
        const pool = yield* Effect.acquireRelease(
          Effect.sync(() => new Pool({ connectionString: Redacted.value(requireServerUrl()), max: 4 })),
          (opened) => Effect.promise(() => opened.end())
        )
        pool.on("connect", (client) => sockets.push(socketOf(client)))
        const received = () => sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0)
        const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
          Layer.provideMerge(PgVectorStore.layer({ pool, schema })),
          Layer.provideMerge(Embedder.layer(fixtureEmbedder))
        )
        yield* Effect.gen(function* () {
          const store = yield* MemoryStore
          const rows = yield* makeRows
          for (let at = 0; at < rows.length; at += 50) {
            yield* store.put({ scope, now: T0, rows: rows.slice(at, at + 50) })
          }
          const mine = yield* (yield* AgentMemory).for(scope)
          const question = "What about word3, word200, word311 and word399?"
          yield* mine.recall(question, { threshold: 0 })
          const before = received()
          const found = yield* mine.recall(question, { threshold: 0 })
          assert.strictEqual(found.length, 10)
          assert.isTrue(found.every(({ memory }) => memory.content.length === CHARACTERS))
          assert.isAtMost(received() - before, BYTES_MAX)
        }).pipe(Effect.provide(layer))
      })
    )
  )
})
