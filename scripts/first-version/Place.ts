import {
  AgentMemory,
  Embedder,
  type MemoryClient,
  type MemoryError,
  MemoryStore,
  promiseClient,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { Clock, Effect, Layer } from "effect"
import { fixtureEmbedder } from "./embedder.ts"

/** The kinds of fixtures. */
export const KINDS = ["words", "vectors", "large"] as const
export type Kind = (typeof KINDS)[number]

/** The store that a fixture is written from. */
export interface Place {
  readonly layer: Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>
  /** Writes the fixture into a folder. Call it while the store is closed. */
  save(folder: string): Promise<void>
  end(): Promise<void>
}

/** The services of an open store. */
export interface OpenStore {
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
}

/** The current time: it moves only when it is set, and `sleep` never returns, so no background work runs. */
export const time = { now: 0 }

const clock: Clock.Clock = {
  currentTimeMillisUnsafe: () => time.now,
  currentTimeMillis: Effect.sync(() => time.now),
  currentTimeNanosUnsafe: () => BigInt(time.now) * 1_000_000n,
  currentTimeNanos: Effect.sync(() => BigInt(time.now) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => BigInt(time.now) * 1_000_000n,
  monotonicTimeNanos: Effect.sync(() => BigInt(time.now) * 1_000_000n),
  sleep: () => Effect.never
}

const space = (kind: Kind) =>
  kind === "words" ? StoreFingerprint.wordsOnly : Embedder.layer(fixtureEmbedder, { cache: 0 })

export const withStore = <A>(place: Place, kind: Kind, body: (open: OpenStore) => Promise<A>): Promise<A> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const store = yield* MemoryStore
      const admin = yield* StoreAdmin
      return yield* Effect.promise(() => body({ store, admin }))
    }).pipe(Effect.provide(place.layer), Effect.provide(space(kind)))
  )

export const readFingerprint = (kind: Kind) =>
  Effect.runPromise(
    Effect.gen(function* () {
      return yield* StoreFingerprint
    }).pipe(Effect.provide(space(kind)))
  )

export const withMemory = async (
  place: Place,
  kind: Kind,
  body: (client: MemoryClient) => Promise<void>
): Promise<void> => {
  const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(place.layer),
    Layer.provideMerge(space(kind)),
    Layer.provideMerge(Layer.succeed(Clock.Clock, clock))
  )
  const client = await promiseClient(layer)
  await body(client)
  await client.close()
}
