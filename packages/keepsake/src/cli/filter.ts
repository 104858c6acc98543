import {
  type JsonScalar,
  MEMORY_SOURCES,
  MEMORY_TYPES,
  type MemoryError,
  type MemorySource,
  type MemoryType,
  type Where
} from "@keepsake/core"
import { addWhere, invalidInput, readTime } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Flag from "effect/cli/Flag"

export const typeFlag = Flag.Literals("type", MEMORY_TYPES)
export const sourceFlag = Flag.Literals("source", MEMORY_SOURCES)

/** A time as the API takes it: ISO text with a zone. */
export const timeFlag = (name: string): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withMetavar("time"),
    Flag.filterMap(
      (text) => Result.getSuccess(readTime(text)),
      (text) => Result.getOrElse(Result.flip(readTime(text)), String)
    )
  )

/** `key=value`, repeatable; `true`, `false`, `null` and a number that stays exactly what was written become one. */
export const metaFlag = Flag.KeyValuePair("meta").pipe(
  Flag.withDescription("Metadata, key=value; may be repeated"),
  Flag.optional
)

/** A number that would be written otherwise is a text: a version, a code, an id of many digits. */
const parseScalar = (text: string): JsonScalar => {
  if (/^(?:true|false|null)$/u.test(text)) return JSON.parse(text) as JsonScalar
  return /^-?\d/u.test(text) && String(Number(text)) === text ? Number(text) : text
}

export const toMetadata = (
  meta: Option.Option<Readonly<Record<string, string>>>
): { readonly [key: string]: JsonScalar } | undefined =>
  Option.isNone(meta)
    ? undefined
    : Object.fromEntries(Object.entries(meta.value).map(([key, value]) => [key, parseScalar(value)]))

/** Flags that choose among memories. */
export const filterFlags = {
  type: typeFlag.pipe(Flag.withDescription("Only this type; may be repeated"), Flag.atLeast(0)),
  source: sourceFlag.pipe(Flag.withDescription("Only from this source; may be repeated"), Flag.atLeast(0)),
  speaker: Flag.String("speaker").pipe(
    Flag.withDescription("Only said by this speaker; may be repeated"),
    Flag.atLeast(0)
  ),
  session: Flag.String("session").pipe(Flag.withDescription("Only this conversation"), Flag.optional),
  pinned: Flag.Boolean("pinned").pipe(Flag.withDescription("Only pinned memories"), Flag.withDefault(false)),
  since: timeFlag("since").pipe(
    Flag.withDescription("Said at or after, such as 2026-01-31T00:00:00Z"),
    Flag.optional
  ),
  until: timeFlag("until").pipe(
    Flag.withDescription("Said before, such as 2026-02-28T00:00:00Z"),
    Flag.optional
  ),
  meta: metaFlag,
  where: Flag.String("where").pipe(
    Flag.withMetavar("json"),
    Flag.withDescription('A filter as JSON, such as {"pinned":true}'),
    Flag.optional
  )
}

export interface FilterFlags {
  readonly type: ReadonlyArray<MemoryType>
  readonly source: ReadonlyArray<MemorySource>
  readonly speaker: ReadonlyArray<string>
  readonly session: Option.Option<string>
  readonly pinned: boolean
  readonly since: Option.Option<number>
  readonly until: Option.Option<number>
  readonly meta: Option.Option<Readonly<Record<string, string>>>
  readonly where: Option.Option<string>
}

/** A flag names a key, not a path: a dot in it is a dot. */
const escapeKey = (key: string): string => key.replace(/[.\\]/gu, "\\$&")

const toMetadataTests = (metadata: { readonly [key: string]: JsonScalar }): Where["metadata"] =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [escapeKey(key), value]))

const readNamedFlags = (flags: FilterFlags): Where => {
  const since = Option.getOrUndefined(flags.since)
  const until = Option.getOrUndefined(flags.until)
  const metadata = toMetadata(flags.meta)
  return {
    ...(flags.type.length > 0 ? { type: { in: flags.type } } : {}),
    ...(flags.source.length > 0 ? { source: { in: flags.source } } : {}),
    ...(flags.speaker.length > 0 ? { speaker: { in: flags.speaker } } : {}),
    ...(Option.isSome(flags.session) ? { sessionId: flags.session.value } : {}),
    ...(flags.pinned ? { pinned: true } : {}),
    ...(since === undefined && until === undefined ? {} : { saidAt: { gte: since, lt: until } }),
    ...(metadata === undefined ? {} : { metadata: toMetadataTests(metadata) })
  }
}

/** Core checks the filter and names the nearest known word for an unknown one. */
const parseWhere = (text: string): Effect.Effect<Where, MemoryError> =>
  Effect.try({
    try: () => JSON.parse(text) as Where,
    catch: () => invalidInput("where", `is not JSON; write --where '{"metadata":{"floor":{"gte":3}}}'`)
  })

/** The filter of the flags, all of them required; `undefined` without them. */
export const toWhere = (flags: FilterFlags): Effect.Effect<Where | undefined, MemoryError> => {
  const named = readNamedFlags(flags)
  const isEmpty = Object.keys(named).length === 0
  if (Option.isNone(flags.where)) return Effect.succeed(isEmpty ? undefined : named)
  return Effect.map(parseWhere(flags.where.value), (where) => (isEmpty ? where : addWhere(where, named)))
}
