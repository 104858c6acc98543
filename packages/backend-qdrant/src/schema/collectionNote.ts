import { Corrupt, type Fingerprint, MemoryError, unsupported } from "@keepsake/core/driver"
import { FingerprintSchema } from "@keepsake/core/schema"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Layouts } from "../codec/condition.ts"
import { LAYOUT } from "../codec/layout.ts"
import { makeShardKeys, type ShardKeys } from "../connection/shardKeys.ts"

/** How many shard keys there are; absent in a collection of one shard. */
const Shards = { shardKeys: Schema.optionalKey(Schema.Int) }

/** The store's entry in a collection's metadata. */
const CollectionNote = Schema.Struct({
  layout: Schema.Int,
  /** False until all indexes exist. */
  ready: Schema.Boolean,
  fingerprint: FingerprintSchema,
  /** True while points of the first layout may be left. */
  moving: Schema.optionalKey(Schema.Boolean),
  ...Shards
})
export type CollectionNote = typeof CollectionNote.Type

/** The same of the collection of entries, which has no vectors. */
const EntriesNote = Schema.Struct({ layout: Schema.Int, ready: Schema.Boolean, ...Shards })
type EntriesNote = typeof EntriesNote.Type

const unreadable = (name: string, cause: unknown) =>
  new MemoryError({
    reason: new Corrupt({
      message: `Collection ${name} has metadata.keepsake that cannot be read. Restore it from a snapshot, or point this store at another collection.`,
      cause
    })
  })

const decodeNote = Effect.fnUntraced(function* <Note extends EntriesNote>(
  schema: Schema.Codec<Note, unknown>,
  name: string,
  { config }: Schemas["CollectionInfo"]
) {
  const encoded = config.metadata?.["keepsake"]
  if (encoded === undefined || encoded === null) return null
  const note = yield* Schema.decodeUnknownEffect(schema)(encoded).pipe(
    Effect.mapError((cause) => unreadable(name, cause))
  )
  if (note.layout < 1 || note.layout > LAYOUT) {
    return yield* unsupported(
      `Collection ${name} has layout ${note.layout}; this version of Keepsake reads layouts 1 to ${LAYOUT}. Use the version that wrote it.`
    )
  }
  return note
})

/** The note of a collection of memories; `null` for a collection that Keepsake did not create. */
export const readNote = (name: string, info: Schemas["CollectionInfo"]) =>
  decodeNote(CollectionNote, name, info)

/** The note of the collection of entries; `null` for a collection that Keepsake did not create. */
export const readEntriesNote = (name: string, info: Schemas["CollectionInfo"]) =>
  decodeNote(EntriesNote, name, info)

interface NoteState {
  readonly ready: boolean
  readonly shardKeys: number | null
}

const encodeShards = (shardKeys: number | null) => (shardKeys === null ? {} : { shardKeys })

export const encodeNote = (
  fingerprint: Fingerprint,
  { moving = false, ready, shardKeys }: NoteState & { readonly moving?: boolean }
): Record<string, unknown> => {
  const state = { ...(moving ? { moving } : {}), ...encodeShards(shardKeys) }
  const note: CollectionNote = { layout: LAYOUT, ready, fingerprint, ...state }
  return { keepsake: Schema.encodeSync(CollectionNote)(note) }
}

export const encodeEntriesNote = ({ ready, shardKeys }: NoteState): Record<string, unknown> => {
  const note: EntriesNote = { layout: LAYOUT, ready, ...encodeShards(shardKeys) }
  return { keepsake: note }
}

/** The shard keys that a collection of memories was created with. */
export const readShardKeys = ({ shardKeys }: CollectionNote): ShardKeys | null =>
  shardKeys === undefined ? null : makeShardKeys(shardKeys, true)

/** The same of a collection without vectors, whose scopes have no key for themselves. */
export const readSharedKeys = ({ shardKeys }: EntriesNote): ShardKeys | null =>
  shardKeys === undefined ? null : makeShardKeys(shardKeys, false)

/** Which layouts the points of a collection have. */
export const readLayouts = ({ layout, moving = false }: CollectionNote): Layouts =>
  layout < LAYOUT ? "first" : moving ? "both" : "second"
