import { createHash } from "node:crypto"
import { type JsonObject, type JsonScalar, type JsonValue, STORE_LIMITS } from "@keepsake/core/driver"
import { encodeOrder, type NumberOrder } from "./numberOrder.ts"
import { LAYOUT } from "./layout.ts"

const ENTRY_MAX = 256

/** Hashes long entries, because an index holds its keys in memory. */
const bound = (entry: string): string =>
  entry.length <= ENTRY_MAX ? entry : `sha256:${createHash("sha256").update(entry).digest("hex")}`

type Path = ReadonlyArray<string>

/** Something stands at a path. The path is a JSON list, so that no key can look like two. */
export const pathFact = (path: Path): string => bound(JSON.stringify(path))

/** This scalar stands at a path. It is JSON, so that `"1"`, `1` and `true` differ. */
export const valueFact = (path: Path, value: JsonScalar): string =>
  bound(`${JSON.stringify(path)}=${JSON.stringify(value)}`)

/** A list with this scalar stands at a path. */
export const memberFact = (path: Path, value: JsonScalar): string =>
  bound(`${JSON.stringify(path)}~${JSON.stringify(value)}`)

/** A top-level scalar as points of layout 1 have it, in `meta`. */
export const firstLayoutFact = (key: string, value: JsonScalar): string =>
  bound(`${key}=${JSON.stringify(value)}`)

interface NumberEntry extends NumberOrder {
  readonly path: string
}

interface Entries {
  readonly facts: Set<string>
  readonly numbers: Array<NumberEntry>
}

const isScalar = (value: JsonValue): value is JsonScalar => typeof value !== "object" || value === null

const isList = (value: JsonValue): value is ReadonlyArray<JsonValue> => Array.isArray(value)

const collectEntries = (path: Path, value: JsonValue, entries: Entries): void => {
  entries.facts.add(pathFact(path))
  if (isScalar(value)) {
    entries.facts.add(valueFact(path, value))
    if (typeof value === "number") entries.numbers.push({ path: pathFact(path), ...encodeOrder(value) })
  } else if (isList(value)) {
    for (const member of value) if (isScalar(member)) entries.facts.add(memberFact(path, member))
  } else {
    collectMembers(path, value as JsonObject, entries)
  }
}

const collectMembers = (path: Path, object: JsonObject, entries: Entries): void => {
  for (const [key, value] of Object.entries(object)) collectEntries([...path, key], value, entries)
}

/** What conditions on metadata ask: a fact for each path, scalar and member of a list, and each number. */
export const encodeFacts = (metadata: JsonObject) => {
  const entries: Entries = { facts: new Set(), numbers: [] }
  collectMembers([], metadata, entries)
  return { facts: Array.from(entries.facts), numbers: entries.numbers, layout: LAYOUT }
}

/**
 * Metadata is text: a JSON payload would reorder keys and change whole numbers above 2^53. Longer than an excerpt
 * carries, it stands under a key of its own, which few requests read. The other key is `null`, which removes it.
 */
const encodeJson = (metadata: JsonObject) => {
  const json = JSON.stringify(metadata)
  return json.length <= STORE_LIMITS.excerptMetadata
    ? { metadata: json, longMetadata: null }
    : { metadata: null, longMetadata: json }
}

/** Keys of metadata that change with it. */
export const encodeMetadata = (metadata: JsonObject) => ({
  ...encodeJson(metadata),
  ...encodeFacts(metadata)
})
