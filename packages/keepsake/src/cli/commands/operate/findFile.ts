import { MemoryError, Unsupported } from "@keepsake/core"
import * as Effect from "effect/Effect"
import { resolveConfig } from "../../../config/resolveConfig.ts"
import { settings } from "../../root.ts"

/** The path of the store's file, and whether to print JSON. Fails for a store that is no file. */
export const findFile = Effect.fnUntraced(function* (otherwise: string) {
  const { config, json } = yield* settings
  const { store } = yield* resolveConfig(config)
  if ("backend" in store && store.backend === "hnsw") return { json, path: store.path }
  return yield* new MemoryError({
    reason: new Unsupported({ message: `This is for a store that is a file; ${otherwise}.` })
  })
})
