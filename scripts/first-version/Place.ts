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

/** What a fixture holds. */
export const KINDS = ["words", "vectors", "large"] as const
export type Kind = (typeof KINDS)[number]

/** Where a backend keeps a store. */
export interface Place {
  readonly layer: Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>
  /** Writes the fixture into a folder. The store is closed. */
  save(folder: string): Promise<void>
  end(): Promise<void>
}

/** A store's own calls, and a way to run them. */
export interface OpenStore {
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
}

/** Time stands still until it is set, and nothing wakes up in the background. */
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

export const fingerprintOf = (kind: Kind) =>
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
