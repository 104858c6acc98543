import * as Result from "effect/Result"
import type { Condition } from "../memory/Condition.ts"
import { toCondition, type Filter } from "../memory/Filter.ts"
import { type JsonScalar, MEMORY_SOURCES, MEMORY_TYPES } from "../memory/Memory.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import {
  boolean,
  copyFields,
  type Field,
  type Fields,
  isKeepable,
  list,
  name,
  object,
  oneOf,
  optional,
  type Problem,
  refused,
  shown,
  within
} from "./fields.ts"
import { timeBound, type TimeInput } from "./time.ts"
import { condition } from "./where.ts"

/**
 * The older form of a filter: absent fields do not restrict, present ones are all required.
 *
 * @deprecated Use `where`.
 */
export interface FilterInput extends Omit<Filter, "saidFrom" | "saidTo"> {
  /** Said at or after this moment. */
  readonly saidFrom?: TimeInput | undefined
  /** Said before this moment. */
  readonly saidTo?: TimeInput | undefined
}

const isScalar = (value: unknown): value is JsonScalar =>
  value === null ||
  typeof value === "boolean" ||
  (typeof value === "string" && isKeepable(value)) ||
  Number.isFinite(value)

const equalities: Field<{ readonly [key: string]: JsonScalar }> = (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refused("give an object of top-level keys and the values they must have")
  }
  const copy = copyFields(value)
  if (copy === undefined) return refused("could not be read; give a plain object")
  const bad = Object.entries(copy).find(
    ([key, part]) => !isScalar(part) || !isKeepable(key) || key === "__proto__"
  )
  return bad === undefined
    ? Result.succeed(copy as { readonly [key: string]: JsonScalar })
    : Result.fail([
        `.${bad[0]}`,
        `${shown(bad[1])} cannot be asked for; give a string, a finite number, true, false or null`
      ])
}

/** A name to compare with: `null` would match nothing, since a memory without one has none. */
const nameToMatch: Field<string> = (value) =>
  typeof value === "string" ? name(value) : refused(`${shown(value)} is not a name`)

/** A condition that is misspelt or mistyped is refused: ignored, it would match what a caller may delete. */
export const FILTER = {
  types: optional(list(oneOf(MEMORY_TYPES), STORE_LIMITS.rows)),
  sources: optional(list(oneOf(MEMORY_SOURCES), STORE_LIMITS.rows)),
  speakers: optional(list(nameToMatch, STORE_LIMITS.rows)),
  sessionId: optional(nameToMatch),
  exceptSessionId: optional(nameToMatch),
  pinned: optional(boolean),
  saidFrom: optional(timeBound),
  saidTo: optional(timeBound),
  metadata: optional(equalities)
} satisfies Fields<FilterInput>

const older = object(FILTER)
const removal = object({ ...FILTER, where: optional(condition) })

/** Reads the older form as a condition. */
export const filter: Field<Condition> = (value) => Result.map(older(value), toCondition)

/** Options that say which memories are meant, as they were read. */
export interface ReadFilter extends Filter {
  readonly where?: Condition | undefined
}

/** The condition that options ask for, in `where` or in fields of the older form; both at once are refused. */
export const conditionFrom = ({ where, ...fields }: ReadFilter): Result.Result<Condition, Problem> => {
  const [field] = Object.entries(fields).find(([, value]) => value !== undefined) ?? []
  if (where === undefined) return Result.succeed(toCondition(fields))
  return field === undefined
    ? Result.succeed(where)
    : Result.fail([field, "is of the older form of a filter; say it in where, or leave where out"])
}

/** A filter of a removal, called `target`: `{ where }`, or the older form. */
export const readTarget: Field<Condition> = within("target", (value) =>
  Result.flatMap(removal(value), (read) =>
    Result.mapError(conditionFrom(read), ([field, message]): Problem => [`.${field}`, message])
  )
)
