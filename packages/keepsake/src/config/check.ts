import { type MemoryError } from "@keepsake/core"
import { didYouMean, invalidInput } from "@keepsake/core/driver"
import { Effect, Result, Schema } from "effect"

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Refuses a key that is not known, and says which one was probably meant. */
export const checkKeys = (
  path: string,
  value: Readonly<Record<string, unknown>>,
  known: ReadonlyArray<string>
): Effect.Effect<void, MemoryError> => {
  const stray = Object.keys(value).find((key) => !known.includes(key))
  return stray === undefined
    ? Effect.void
    : Effect.fail(invalidInput(`${path}.${stray}`, `is not an option here. ${didYouMean(stray, known)}`))
}

type Variant = Schema.Codec<unknown> & { readonly fields: Readonly<Record<string, unknown>> }

/** Checks one of several kinds of object that are told apart by the field `tag`. */
export const checkVariant = Effect.fnUntraced(function* <Table extends Readonly<Record<string, Variant>>>(
  path: string,
  tag: string,
  table: Table,
  value: Readonly<Record<string, unknown>>
): Effect.fn.Return<Table[keyof Table]["Type"], MemoryError> {
  const kinds = Object.keys(table)
  const kind = value[tag]
  if (typeof kind !== "string") {
    const near = Object.keys(value).find((key) => key !== tag && kinds.some((known) => known === value[key]))
    const hint =
      near === undefined ? `one of ${kinds.join(", ")}` : `"${near}" was probably meant to be "${tag}"`
    return yield* invalidInput(`${path}.${tag}`, `is missing: ${hint}`)
  }
  const schema = table[kind]
  if (schema === undefined) {
    return yield* invalidInput(`${path}.${tag}`, `"${kind}" is not known. ${didYouMean(kind, kinds)}`)
  }
  yield* checkKeys(path, value, Object.keys(schema.fields))
  const decoded = Schema.decodeUnknownResult(schema)(value)
  if (Result.isFailure(decoded))
    return yield* invalidInput(path, decoded.failure.message.replaceAll(/\s+/gu, " "))
  return decoded.success
})
