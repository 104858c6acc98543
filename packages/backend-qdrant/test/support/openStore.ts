import { type QdrantOptions, QdrantStore } from "@keepsake/backend-qdrant"
import {
  documentTerms,
  fingerprint,
  type Fingerprint,
  type Memory,
  memoryIdOfText,
  MemoryError,
  MemoryStore,
  type Scope,
  StoreAdmin,
  StoreFingerprint,
  type StoreRow
} from "@keepsake/core/driver"
import { Context, Effect, Layer } from "effect"
import { type QdrantServer, type ServerOptions, startQdrant } from "../server/QdrantServer.ts"

const DIMENSIONS = 4
export const NOW = 1_750_000_000_000
export const SCOPE: Scope = { agentId: "agent", userId: "user" }

export const SPACE: Fingerprint = fingerprint({
  model: "test",
  dimensions: DIMENSIONS,
  calibration: { mean: 0, spread: 0.1 }
})

/** A stand-in of the test's own, gone with the Effect scope. */
export const standIn = (options: ServerOptions = {}) =>
  Effect.acquireRelease(
    Effect.promise(() => startQdrant(options)),
    (server) => Effect.promise(() => server.stop())
  )

export const open = (options: QdrantOptions, space: Fingerprint = SPACE) =>
  Layer.build(QdrantStore.layer(options).pipe(Layer.provide(StoreFingerprint.layer(space)))).pipe(
    Effect.map((context) => ({
      store: Context.get(context, MemoryStore),
      admin: Context.get(context, StoreAdmin)
    }))
  )

/** The unit vector along an axis. */
export const axis = (along: number): Float32Array =>
  Float32Array.from({ length: DIMENSIONS }, (_, i) => (i === along % DIMENSIONS ? 1 : 0))

export const row = (content: string, parts: Partial<Memory> = {}, vector: Float32Array | null = axis(0)) => {
  const statement = { source: "user", speaker: null, type: "episodic", content } as const
  const made: StoreRow = {
    memory: {
      id: memoryIdOfText(SCOPE, statement),
      scope: SCOPE,
      ...statement,
      metadata: {},
      sessionId: null,
      turn: null,
      saidAt: NOW,
      importance: 0.5,
      pinned: false,
      createdAt: NOW,
      updatedAt: NOW,
      expiresAt: null,
      validity: [{ from: NOW, to: null }],
      supersededBy: null,
      accessCount: 0,
      lastAccessedAt: null,
      ...parts
    },
    vector,
    terms: documentTerms(content)
  }
  return made
}

/** The typed failure of a call that must fail. */
export const failure = <A, R>(call: Effect.Effect<A, unknown, R>) =>
  Effect.flatMap(Effect.flip(call), (error) =>
    error instanceof MemoryError ? Effect.succeed(error) : Effect.die(error)
  )

/** Requests to paths that end so, since the last look. */
export const sent = ({ seen }: QdrantServer, ending: string) =>
  seen.filter(({ path }) => path.endsWith(ending))

/** A fault for the first `times` requests to paths that end so. */
export const atFirst = (
  times: number,
  ending: string,
  fault: NonNullable<ReturnType<QdrantServer["faults"]>>
): QdrantServer["faults"] => {
  let left = times
  return ({ path }) => (path.endsWith(ending) && left-- > 0 ? fault : undefined)
}
