import { Corrupt, type Fingerprint, FingerprintSchema, MemoryError, Unsupported } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect, Schema } from "effect"
import { LAYOUT } from "./schema.ts"

/** The store's entry in a collection's metadata. Until `ready`, indexes may be missing. */
const CollectionNote = Schema.Struct({
  layout: Schema.Int,
  ready: Schema.Boolean,
  fingerprint: FingerprintSchema
})
type CollectionNote = typeof CollectionNote.Type

const unreadable = (name: string, cause: unknown) =>
  new MemoryError({
    reason: new Corrupt({
      message: `Collection ${name} has metadata.keepsake that cannot be read. Restore it from a snapshot, or point this store at another collection.`,
      cause
    })
  })

/** The note of a collection; `null` for a collection that Keepsake did not create. */
export const readNote = Effect.fnUntraced(function* (name: string, { config }: Schemas["CollectionInfo"]) {
  const encoded = config.metadata?.["keepsake"]
  if (encoded === undefined || encoded === null) return null
  const note = yield* Schema.decodeUnknownEffect(CollectionNote)(encoded).pipe(
    Effect.mapError((cause) => unreadable(name, cause))
  )
  if (note.layout !== LAYOUT) {
    return yield* new MemoryError({
      reason: new Unsupported({
        message: `Collection ${name} has layout ${note.layout}; this version of Keepsake reads layout ${LAYOUT}. Use the version that wrote it.`
      })
    })
  }
  return note
})

export const encodeNote = (fingerprint: Fingerprint, ready: boolean): Record<string, unknown> => {
  const note: CollectionNote = { layout: LAYOUT, ready, fingerprint }
  return { keepsake: Schema.encodeSync(CollectionNote)(note) }
}
