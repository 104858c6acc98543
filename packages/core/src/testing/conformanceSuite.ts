/** The test file that `keepsake-conformance` has Vitest run: the laws, on the store of the named module. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { FreshStore } from "./Law.ts"
import { storeLaws, type StoreLawsOptions } from "./storeLaws.ts"

interface StoreModule {
  readonly default?: unknown
  readonly store?: unknown
  readonly options?: StoreLawsOptions
}

/** The effect that acquires an empty place; throws when the module exports none. */
const readStore = (module: StoreModule): FreshStore => {
  const store = module.default ?? module.store
  if (Effect.isEffect(store)) return store as FreshStore
  throw new Error(
    Layer.isLayer(store)
      ? "The module exports a layer. Export an Effect that acquires an empty place and returns the layer over it: some laws need a second, empty place."
      : "The module exports no store. Its default export, or its export `store`, is an Effect that acquires an empty place and returns the layer over it."
  )
}

const url = process.env["KEEPSAKE_CONFORMANCE_STORE"] ?? ""
const module = (await import(/* @vite-ignore */ url)) as StoreModule
storeLaws(process.env["KEEPSAKE_CONFORMANCE_NAME"] ?? url, readStore(module), module.options)
