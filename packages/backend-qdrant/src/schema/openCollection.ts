import { createHash, randomBytes } from "node:crypto"
import {
  Conflict,
  Corrupt,
  type Fingerprint,
  FingerprintSchema,
  fingerprintMismatch,
  MemoryError,
  sameFingerprint,
  Unsupported
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect, Schema } from "effect"
import { collectionOf, differences, INDEXES, LAYOUT } from "./schema.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"

/**
 * A collection filled in one embedding space. Requests go to `alias`, which exists only while the space
 * serves: a handle left over from before a move gets 404 instead of writing where nobody reads.
 */
export interface ServingCollection {
  readonly alias: string
  /** The collection itself. */
  readonly name: string
  readonly fingerprint: Fingerprint
}

/** A space being filled beside the serving one. */
export interface StagedCollection extends ServingCollection {
  /** Marks the serving rows that this stage already holds; another stage has another. */
  readonly mark: string
}

const SERVING = ".serving-"
const STAGING = ".staging-"

/** A fingerprint as part of a name. */
const hashOf = (fingerprint: Fingerprint): string =>
  createHash("sha256")
    .update(JSON.stringify(Schema.encodeSync(FingerprintSchema)(fingerprint)))
    .digest("hex")
    .slice(0, 8)

const servingAlias = (collection: string, fingerprint: Fingerprint): string =>
  `${collection}${SERVING}${hashOf(fingerprint)}`

const unsupported = (message: string) => new MemoryError({ reason: new Unsupported({ message }) })
const conflict = (message: string) => new MemoryError({ reason: new Conflict({ message }) })

/** What we note of a collection in its metadata. `ready` comes last: before, its indexes may be missing. */
const Note = Schema.Struct({
  layout: Schema.Int,
  ready: Schema.Boolean,
  fingerprint: FingerprintSchema
})
type Note = typeof Note.Type

const noteOf = Effect.fnUntraced(function* (name: string, info: Schemas["CollectionInfo"]) {
  const { metadata } = info.config
  const kept = metadata === undefined || metadata === null ? undefined : metadata["keepsake"]
  if (kept === undefined || kept === null) return null
  const note = yield* Schema.decodeUnknownEffect(Note)(kept).pipe(
    Effect.mapError(
      (cause) =>
        new MemoryError({
          reason: new Corrupt({
            message: `Collection ${name} has metadata.keepsake that cannot be read. Restore it from a snapshot, or point this store at another collection.`,
            cause
          })
        })
    )
  )
  if (note.layout !== LAYOUT) {
    return yield* unsupported(
      `Collection ${name} has layout ${note.layout}; this version of Keepsake knows layout ${LAYOUT}. Use the version that wrote it.`
    )
  }
  return note
})

const metadataOf = (fingerprint: Fingerprint, ready: boolean): Record<string, unknown> => {
  const note: Note = { layout: LAYOUT, ready, fingerprint }
  return { keepsake: Schema.encodeSync(Note)(note) }
}

const MINIMUM = [1, 19] as const

const versionOf = (wire: QdrantHttp): Effect.Effect<string, MemoryError> =>
  wire
    .send("version", async (api, init) => {
      const { data } = await api.root({}, init)
      return { data: { result: typeof data === "object" && "version" in data ? data.version : undefined } }
    })
    .pipe(
      Effect.mapError((error) =>
        error.reason._tag === "Closed"
          ? unsupported(
              `${wire.server} is no Qdrant: it has nothing at its root (404). Check host and port (REST is 6333), and prefix where a proxy serves it under a path.`
            )
          : error
      )
    )

/** `params.idf.corpus`, which gives the words of one scope their weight, came with 1.19. */
export const checkVersion = (wire: QdrantHttp): Effect.Effect<void, MemoryError> =>
  Effect.flatMap(versionOf(wire), (version) => {
    const [major = 0, minor = 0] = version.split(".").map(Number)
    const [needMajor, needMinor] = MINIMUM
    return major > needMajor || (major === needMajor && minor >= needMinor)
      ? Effect.void
      : Effect.fail(
          unsupported(
            `${wire.server} runs Qdrant ${version}; Keepsake needs 1.19 or later, which can weigh words over one scope (params.idf.corpus). Upgrade the server one minor version at a time.`
          )
        )
  })

const aliasesOf = Effect.fnUntraced(function* (wire: QdrantHttp, prefix: string) {
  const { aliases } = yield* wire.send("list aliases", (api, init) => api.getCollectionsAliases({}, init))
  return aliases.filter(({ alias_name }) => alias_name.startsWith(prefix))
})

const exists = (wire: QdrantHttp, name: string) =>
  wire
    .send("collection exists", (api, init) => api.collectionExists({ collection_name: name }, init))
    .pipe(Effect.map(({ exists }) => exists))

const infoOf = (wire: QdrantHttp, name: string) =>
  wire.send("collection info", (api, init) => api.getCollection({ collection_name: name }, init))

const changeAliases = (
  wire: QdrantHttp,
  actions: ReadonlyArray<Schemas["AliasOperations"]>
): Effect.Effect<boolean, MemoryError> =>
  wire.send("change aliases", (api, init) => api.updateAliases({ actions: [...actions] }, init))

/** Indexes come before any point: built afterwards they would miss the vector index's links. */
const finish = Effect.fnUntraced(function* (wire: QdrantHttp, name: string, fingerprint: Fingerprint) {
  for (const [field_name, field_schema] of Object.entries(INDEXES)) {
    yield* wire.send("create payload index", (api, init) =>
      api.createFieldIndex({ collection_name: name, wait: true, field_name, field_schema }, init)
    )
  }
  yield* wire.send("note fingerprint", (api, init) =>
    api.updateCollection({ collection_name: name, metadata: metadataOf(fingerprint, true) }, init)
  )
})

const create = (wire: QdrantHttp, name: string, fingerprint: Fingerprint): Effect.Effect<void, MemoryError> =>
  wire
    .send("create collection", (api, init) => {
      const config = collectionOf(fingerprint, wire.settings.layout, metadataOf(fingerprint, false))
      return api.createCollection({ collection_name: name, ...config }, init)
    })
    .pipe(
      Effect.asVoid,
      // Another process was faster, or our own first attempt arrived after all.
      Effect.catch((error) =>
        Effect.flatMap(exists(wire, name), (there) => (there ? Effect.void : Effect.fail(error)))
      )
    )

/** Whether a collection that is ready, or not ours, can be used as it is. */
const checkFit = (
  name: string,
  info: Schemas["CollectionInfo"],
  fingerprint: Fingerprint,
  ours: boolean
): Effect.Effect<void, MemoryError> => {
  const wrong = differences(info, fingerprint)
  if (wrong.length > 0) {
    return Effect.fail(
      unsupported(
        `Collection ${name} does not fit: ${wrong.join("; ")}. Mend it, or give this store another collection and it makes its own.`
      )
    )
  }
  const points = info.points_count ?? 0
  return ours || points === 0
    ? Effect.void
    : Effect.fail(
        unsupported(
          `Collection ${name} holds ${points} points that Keepsake did not write. Give this store another collection.`
        )
      )
}

/** Creates the collection unless it is there, and whatever of it an earlier, interrupted creation left out. */
const ensure = Effect.fnUntraced(function* (
  wire: QdrantHttp,
  name: string,
  fingerprint: Fingerprint
): Effect.fn.Return<void, MemoryError> {
  if (!(yield* exists(wire, name))) yield* create(wire, name, fingerprint)
  const info = yield* infoOf(wire, name)
  const note = yield* noteOf(name, info)
  if (note !== null && !sameFingerprint(note.fingerprint, fingerprint)) {
    yield* fingerprintMismatch(note.fingerprint, fingerprint)
  }
  if (note?.ready !== false) yield* checkFit(name, info, fingerprint, note !== null)
  if (note?.ready !== true) yield* finish(wire, name, fingerprint)
})

/** Finds the serving space and checks it, or makes the first one. */
export const openSpace = Effect.fnUntraced(function* (wire: QdrantHttp, fingerprint: Fingerprint) {
  const { collection } = wire.settings
  const serving = yield* aliasesOf(wire, `${collection}${SERVING}`)
  if (serving.length > 1) {
    return yield* new MemoryError({
      reason: new Corrupt({
        message: `Several spaces claim to serve ${collection} (${serving.map(({ alias_name }) => alias_name).join(", ")}). Delete all of these aliases but the right one.`
      })
    })
  }
  const [found] = serving
  const name = found?.collection_name ?? collection
  const alias = servingAlias(collection, fingerprint)
  yield* ensure(wire, name, fingerprint)
  if (found === undefined) {
    yield* changeAliases(wire, [{ create_alias: { collection_name: name, alias_name: alias } }])
  }
  const space: ServingCollection = { alias, name, fingerprint }
  return space
})

/** The space being filled, if a move is under way. */
export const findStage = Effect.fnUntraced(function* (wire: QdrantHttp) {
  const prefix = `${wire.settings.collection}${STAGING}`
  const [found] = yield* aliasesOf(wire, prefix)
  if (found === undefined) return null
  const { alias_name: alias, collection_name: name } = found
  const note = yield* noteOf(name, yield* infoOf(wire, name))
  if (note === null) {
    return yield* conflict(
      `Alias ${alias} points at a collection that Keepsake did not make: delete the alias.`
    )
  }
  const staged: StagedCollection = {
    alias,
    name,
    fingerprint: note.fingerprint,
    mark: alias.slice(prefix.length)
  }
  return staged
})

/** Makes the collection of a new space, empty, beside the serving one. */
export const makeStage = Effect.fnUntraced(function* (
  wire: QdrantHttp,
  serving: ServingCollection,
  next: Fingerprint
) {
  const { collection } = wire.settings
  const first = `${collection}.space-${hashOf(next)}`
  // A move to what already serves (a repair) needs a second name.
  const name = first === serving.name ? `${first}-b` : first
  yield* ensure(wire, name, next)
  const mark = randomBytes(6).toString("hex")
  const alias = `${collection}${STAGING}${mark}`
  yield* changeAliases(wire, [{ create_alias: { collection_name: name, alias_name: alias } }])
  const staged: StagedCollection = { alias, name, fingerprint: next, mark }
  return staged
})

/** In one step: the staged space serves, the old one no longer does. */
export const switchSpaces = (
  wire: QdrantHttp,
  from: ServingCollection,
  to: StagedCollection
): Effect.Effect<boolean, MemoryError> => {
  const alias = servingAlias(wire.settings.collection, to.fingerprint)
  return changeAliases(wire, [
    { delete_alias: { alias_name: from.alias } },
    { delete_alias: { alias_name: to.alias } },
    { create_alias: { collection_name: to.name, alias_name: alias } }
  ])
}

export const forgetStage = (
  wire: QdrantHttp,
  staged: StagedCollection
): Effect.Effect<boolean, MemoryError> =>
  changeAliases(wire, [{ delete_alias: { alias_name: staged.alias } }])
