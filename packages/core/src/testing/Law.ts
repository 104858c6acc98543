import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as EffectScope from "effect/Scope"
import { type Fingerprint } from "../memory/Fingerprint.ts"
import { fingerprint, StoreFingerprint } from "../store/StoreFingerprint.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import type { Scope } from "../memory/Scope.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"
import { LAW_TOKENISER, type RowBuilder, rowBuilder } from "./rows.ts"

/** The layer that every backend exposes. */
export type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>

/**
 * Acquires an *empty* place (a new file, schema or collection) and returns the layer over it. The layer is built
 * several times over the same data: as a second instance, and again after a close. Closing the Effect scope
 * releases the place.
 */
export type FreshStore = Effect.Effect<StoreLayer, unknown, EffectScope.Scope>

/** One opened store. */
export interface Handle {
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
}

/** A place that can be opened several times. */
export interface Place {
  /** Opens the place with a fingerprint, by default that of the laws; closed with the Effect scope. */
  readonly open: (storeFingerprint?: Fingerprint) => Effect.Effect<Handle, MemoryError, EffectScope.Scope>
}

/** How the laws are run on a store. */
export interface LawSettings {
  /** Length of vectors; 16 when absent, at least 4. */
  readonly dimensions: number
  /** Tolerance of scores and vector components; 1e-4 when absent. */
  readonly epsilon: number
  /** Seed of every random sequence. */
  readonly seed: number
  /** Operations of each random program. */
  readonly operations: number
}

/** Argument of a law: a store shared with other laws, and an empty scope of its own. */
export interface LawContext extends Handle, LawSettings {
  readonly place: Place
  readonly scope: Scope
  /** Further scopes of this law, one per label. */
  readonly scopeOf: (label: string) => Scope
  /** A place of this law, for calls that would disturb a shared one. */
  readonly fresh: Effect.Effect<Place, unknown, EffectScope.Scope>
  readonly fingerprint: Fingerprint
  /** Makes rows of this law's scope. */
  readonly row: RowBuilder
}

/** Fails or dies if the store breaks the law. */
export type LawRun = (context: LawContext) => Effect.Effect<void, unknown, EffectScope.Scope>

/** A rule that every store must keep. */
export interface Law {
  /** `group > what holds`. */
  readonly name: string
  readonly run: LawRun
}

/** The laws of one concept. */
export const group = (name: string, cases: Readonly<Record<string, LawRun>>): ReadonlyArray<Law> =>
  Object.entries(cases).map(([holds, run]) => ({ name: `${name} > ${holds}`, run }))

/** The fingerprint with which the laws open stores, of their rows' terms; another `model` gives another fingerprint. */
export const lawFingerprint = (dimensions: number, model = "laws"): Fingerprint => ({
  ...fingerprint({ model, dimensions, calibration: { mean: 0, spread: 0.1 } }),
  tokeniser: LAW_TOKENISER
})

/** A place over a layer that is built several times over the same data. */
export const makePlace = (layer: StoreLayer, usual: Fingerprint): Place => ({
  open: (storeFingerprint = usual) =>
    Layer.build(Layer.fresh(Layer.provide(layer, StoreFingerprint.layer(storeFingerprint)))).pipe(
      Effect.map((context) => ({
        store: Context.get(context, MemoryStore),
        admin: Context.get(context, StoreAdmin)
      }))
    )
})

/** One open place; each law gets a context of its own from it. */
export interface Bench {
  readonly contextFor: () => LawContext
}

/** Opens a place that several laws share. */
export const openBench = (
  fresh: FreshStore,
  settings: LawSettings
): Effect.Effect<Bench, unknown, EffectScope.Scope> =>
  Effect.gen(function* () {
    const usual = lawFingerprint(settings.dimensions)
    const place = makePlace(yield* fresh, usual)
    const handle = yield* place.open()
    let laws = 0
    const contextFor = (): LawContext => {
      const tag = `law${laws++}z`
      const scope: Scope = { agentId: "laws", userId: tag }
      return {
        ...settings,
        ...handle,
        place,
        scope,
        scopeOf: (label) => ({ agentId: "laws", userId: `${tag} ${label}` }),
        fresh: Effect.map(fresh, (layer) => makePlace(layer, usual)),
        fingerprint: usual,
        row: rowBuilder(scope, settings.dimensions)
      }
    }
    return { contextFor }
  })
