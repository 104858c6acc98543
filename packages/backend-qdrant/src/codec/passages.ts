/** Points of passages: a text that is cut has its first passage in its memory's point, and a point for each other one. */
import { createHash } from "node:crypto"
import type { Passages, Scope, StoreRow } from "@keepsake/core/driver"
import { all, between, type Condition, type Conditions, hasId, must, mustNot, oneOf } from "./filter.ts"
import { scopeId } from "../scopeId.ts"

/** Texts up to this length in UTF-16 code units come with every reading of their point. */
const INLINE_MAX = 8_192

/** Points of memories: those of further passages have no `scopeHash`. */
export const IS_MEMORY: Conditions = must(between("scopeHash", { gte: 0 }))

/** The points of these memories, those of their passages included. */
export const ofMemories = (ids: ReadonlyArray<string>): Condition => ({
  should: [hasId(ids), oneOf("memory", ids)]
})

/** The points of these memories' passages but the first. */
export const furtherPassages = (ids: ReadonlyArray<string>): Conditions =>
  all(must(oneOf("memory", ids)), mustNot(hasId(ids)))

/**
 * The id of a further passage's point, 1 or greater: a UUID of version 8, since a memory's has version 5 and no key of a
 * caller's may lead to it.
 */
export const passageId = (scope: Scope, memoryId: string, passage: number): string => {
  const bytes = createHash("sha256")
    .update(JSON.stringify([scopeId(scope), memoryId, passage]))
    .digest()
  const hex = bytes.toString("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Where passages stand in their text. */
export type Spans = ReadonlyArray<{ readonly start: number; readonly end: number }>

/** Keys of a text in its memory's point. `content` is the first passage; of a text of one passage it is the whole. */
export const encodeText = (id: string, content: string, spans: Spans): Record<string, unknown> => {
  const [{ end, start } = { start: 0, end: content.length }] = spans
  const isCut = spans.length > 1
  const passage = isCut ? content.slice(start, end) : content
  const isInline = passage.length <= INLINE_MAX
  const isAll = start === 0 && (isCut || end === content.length)
  return {
    ...(isInline ? { content: passage } : {}),
    ...(isAll ? {} : { start, ...(isCut ? {} : { end }) }),
    ...(isInline && !isCut ? {} : { text: content, characters: content.length }),
    ...(isCut
      ? { memory: id, passages: spans.length, places: spans.flatMap((span) => [span.start, span.end]) }
      : {})
  }
}

/** The spans that the point of a whole memory notes. */
export const decodeSpans = (payload: Readonly<Record<string, unknown>>, length: number): Spans => {
  const places = payload["places"] as ReadonlyArray<number> | undefined
  const numbers = places ?? [Number(payload["start"] ?? 0), Number(payload["end"] ?? length)]
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    start: numbers[2 * i] ?? 0,
    end: numbers[2 * i + 1] ?? 0
  }))
}

/** Where passages stand, as a point without its text notes it. */
export const encodeSpans = (spans: Spans) => ({ places: spans.flatMap(({ end, start }) => [start, end]) })

/** Keys of a passage's point that are its own. */
export const encodePlace = (
  { content, id }: { readonly content: string; readonly id: string },
  passage: number,
  spans: Spans
) => {
  const { end, start } = spans[passage] ?? { start: 0, end: 0 }
  return { content: content.slice(start, end), memory: id, passage, passages: spans.length, start }
}

type Payload = Readonly<Record<string, unknown>>

const without = (payload: Payload, keys: ReadonlyArray<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(payload).filter(([key]) => !keys.includes(key)))

const TEXT_KEYS = ["content", "text", "characters", "start", "end", "memory", "passages", "places"]
const FLAGS = ["owed", "gaps"]
/** Keys that further passages do not have. */
const MEMORY_KEYS = ["scopeHash", "bytes", "accessCount", "lastAccessedAt", "longMetadata"]

/** What a change of a memory is for its further passages. */
export const toShared = (payload: Payload): Record<string, unknown> => without(payload, MEMORY_KEYS)

/** The payloads of a memory's points for a text that is cut otherwise; flags are those of the new cut. */
export const recut = (
  id: string,
  payload: Payload,
  cut: Payload
): { readonly base: Record<string, unknown>; readonly passages: ReadonlyArray<Record<string, unknown>> } => {
  const content = String(payload["text"] ?? payload["content"])
  const spans = decodeSpans(cut, content.length)
  const fields = without(payload, [...TEXT_KEYS, ...FLAGS])
  const flags = Object.fromEntries(FLAGS.flatMap((flag) => (cut[flag] === true ? [[flag, true]] : [])))
  const shared = toShared(fields)
  return {
    base: { ...fields, ...encodeText(id, content, spans), ...flags },
    passages: spans.slice(1).map((_, i) => ({ ...shared, ...encodePlace({ id, content }, i + 1, spans) }))
  }
}

/** Whether words alone find a passage other than the first, which has a vector. */
const hasGaps = ([first, ...more]: Passages): boolean =>
  first.vector !== null && more.some(({ vector }) => vector === null)

/** Flags of a row in its memory's point. */
export const encodeFlags = ({
  owed,
  passages
}: Pick<StoreRow, "owed" | "passages">): Record<string, unknown> => ({
  ...(owed ? { owed } : {}),
  ...(hasGaps(passages) ? { gaps: true } : {})
})
