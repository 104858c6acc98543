/** Readers of a config's parts, made of core's. */
import { didYouMean, fields } from "@keepsake/core/driver"
import * as Result from "effect/Result"

const { integer, oneOf, optional, refused, shown, test } = fields

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A part that another reader checks. */
export const anything: fields.Field<unknown> = Result.succeed

export const text = test((value): value is string => typeof value === "string" && value !== "", "give a text")
export const optionalText = optional(text)

export const wholeNumber = (min: number, max: number): fields.Field<number> =>
  integer(min, max, (value) => `${shown(value)} is not a whole number from ${min} to ${max}`)

const missingTag = (tag: string, value: Readonly<Record<string, unknown>>, kinds: ReadonlyArray<string>) => {
  const misnamed = Object.keys(value).find((key) => key !== tag && kinds.some((kind) => kind === value[key]))
  return misnamed === undefined
    ? `is missing: one of ${kinds.join(", ")}`
    : `is missing: "${misnamed}" was probably meant to be "${tag}"`
}

/** Reads one of several kinds of object that are told apart by the field `tag`. */
export const variant =
  <A>(tag: string, table: { readonly [kind: string]: fields.Field<A> }): fields.Field<A> =>
  (value) => {
    if (!isRecord(value)) return refused(`${shown(value)} is not an object`)
    const kinds = Object.keys(table)
    const kind = value[tag]
    if (typeof kind !== "string") return Result.fail([`.${tag}`, missingTag(tag, value, kinds)])
    const read = Object.hasOwn(table, kind) ? table[kind] : undefined
    return read === undefined
      ? Result.fail([`.${tag}`, `"${kind}" is not known. ${didYouMean(kind, kinds)}`])
      : read(value)
  }

/** The value of a tag. */
export const literal = <A extends string>(name: A): fields.Field<A> => oneOf([name])
