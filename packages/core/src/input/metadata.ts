import * as Result from "effect/Result"
import type { JsonObject, JsonValue } from "../memory/Memory.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { utf8Length } from "../text/utf8Length.ts"
import { type Field, isKeepable, isPlain, type Problem, refused } from "./fields.ts"

export const METADATA_LIMITS = { depth: 8, bytes: STORE_LIMITS.metadataBytes } as const

class NotJson extends Error {
  readonly problem: Problem
  constructor(path: string, message: string) {
    super(message)
    this.problem = [path, message]
  }
}

/** A key that assignment would take for the prototype. */
const MAGIC_KEY = "__proto__"

/** A plain copy of JSON within the bounds; throws `NotJson`. `left` counts down the values. */
const copy = (path: string, value: unknown, depth: number, left: { values: number }): JsonValue => {
  if (depth > METADATA_LIMITS.depth) {
    throw new NotJson(path, `is deeper than ${METADATA_LIMITS.depth} levels; flatten it`)
  }
  // A value is at least one character; a few objects that refer to each other can hold billions.
  if (--left.values < 0) throw new NotJson("", "holds too many values; keep it small")
  if (value === null || typeof value === "boolean") return value
  if (typeof value === "string") {
    if (isKeepable(value)) return value
    throw new NotJson(path, "holds a NUL or half a character; remove it")
  }
  if (typeof value === "number") {
    // JSON has no negative zero.
    if (Number.isFinite(value)) return value === 0 ? 0 : value
    throw new NotJson(path, `${value} is not JSON; give a finite number`)
  }
  if (typeof value !== "object") {
    throw new NotJson(
      path,
      `a ${typeof value} is not JSON; give a string, number, boolean, null, list or object`
    )
  }
  if (Array.isArray(value)) {
    if (value.length > left.values) throw new NotJson(path, "is too long a list; keep it small")
    return Array.from(value, (part: unknown, i) => copy(`${path}.${i}`, part, depth + 1, left))
  }
  if (!isPlain(value)) {
    throw new NotJson(path, "is an instance of a class; give a plain object")
  }
  const parts: Array<[string, JsonValue]> = []
  for (const key of Object.keys(value)) {
    if (!isKeepable(key)) throw new NotJson(path, "has a key with a NUL or half a character")
    if (key === MAGIC_KEY) throw new NotJson(path, `has the key ${MAGIC_KEY}; give it another name`)
    const part: unknown = (value as { readonly [key: string]: unknown })[key]
    parts.push([key, copy(`${path}.${key}`, part, depth + 1, left)])
  }
  return Object.fromEntries(parts)
}

/** Reads a plain copy, so that the checked value is the stored one. */
export const metadata: Field<JsonObject> = (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refused("give a plain JSON object")
  }
  try {
    const read = copy("", value, 1, { values: METADATA_LIMITS.bytes }) as JsonObject
    const bytes = utf8Length(JSON.stringify(read))
    return bytes <= METADATA_LIMITS.bytes
      ? Result.succeed(read)
      : refused(`takes ${bytes} bytes; keep it under ${METADATA_LIMITS.bytes} and put long text into content`)
  } catch (error) {
    return error instanceof NotJson
      ? Result.fail(error.problem)
      : refused("could not be read; give a plain object")
  }
}
