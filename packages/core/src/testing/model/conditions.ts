import {
  allOf,
  anyOf,
  type Comparison,
  type Condition,
  isIn,
  not,
  type Target
} from "../../memory/Condition.ts"
import type { JsonObject, JsonScalar, JsonValue } from "../../memory/Memory.ts"
import type { Random } from "../random.ts"
import { DAY, type RowParts, T0 } from "../rows.ts"

const SCALARS: ReadonlyArray<JsonScalar> = [
  "a",
  "A",
  "",
  "1",
  "true",
  "null",
  "a b",
  "it's",
  'q"',
  "日本",
  "a=b",
  "\\",
  "%",
  0,
  1,
  -1,
  1.5,
  0.1,
  1 / 3,
  1e21,
  -1e-7,
  Number.MAX_SAFE_INTEGER,
  true,
  false,
  null
]
/** Few, so that conditions and rows meet; some that a careless path, pattern or quotation takes apart. */
const KEYS = ["k", "n", "tags", "deep", "a.b", "a", "b", "0", "", "k k", 'q"', "it's", "\\", "$", "*", "日本"]

const scalar = (random: Random): JsonScalar => random.pick(SCALARS)

const value = (random: Random, depth: number): JsonValue => {
  const roll = random.next()
  if (roll < 0.7 || depth === 0) return scalar(random)
  if (roll < 0.85) return Array.from({ length: random.int(4) }, () => value(random, depth - 1))
  return object(random, depth - 1)
}

const object = (random: Random, depth: number): JsonObject =>
  Object.fromEntries(random.some(KEYS, random.int(5)).map((key) => [key, value(random, depth)]))

const SPEAKERS = ["Ana", "ana", "O'Brien", "日本"]
const SESSIONS = ["s1", "s2", "S1"]
const TYPES = ["episodic", "semantic", "procedural"] as const
const SOURCES = ["user", "assistant", "tool", "system"] as const
const IMPORTANCES = [0, 0.1, 0.5, 1]
const TIMES = [-5, 0, T0 - DAY, T0 - 1, T0, T0 + 1, T0 + DAY]

/** What a random row differs in from another. */
export const randomParts = (random: Random): RowParts => ({
  at: random.pick(TIMES.slice(2)),
  saidAt: random.pick(TIMES),
  updatedAt: random.pick(TIMES.slice(2)),
  expiresAt: random.chance(0.5) ? null : T0 + (2 + random.int(3)) * DAY,
  type: random.pick(TYPES),
  source: random.pick(SOURCES),
  speaker: random.chance(0.3) ? null : random.pick(SPEAKERS),
  sessionId: random.chance(0.3) ? null : random.pick(SESSIONS),
  pinned: random.chance(0.3),
  importance: random.pick(IMPORTANCES),
  metadata: object(random, 3)
})

/** A field that a condition may name, with values of its kind. */
const FIELDS: ReadonlyArray<readonly [Target, ReadonlyArray<JsonScalar>]> = [
  [{ field: "type" }, TYPES],
  [{ field: "source" }, SOURCES],
  [{ field: "speaker" }, SPEAKERS],
  [{ field: "sessionId" }, SESSIONS],
  [{ field: "pinned" }, [true, false]],
  [{ field: "importance" }, IMPORTANCES],
  [{ field: "saidAt" }, TIMES],
  [{ field: "createdAt" }, TIMES],
  [{ field: "updatedAt" }, TIMES],
  [{ field: "expiresAt" }, [...TIMES, T0 + 2 * DAY, T0 + 3 * DAY]]
]

const COMPARISONS: ReadonlyArray<Comparison> = ["gt", "gte", "lt", "lte"]

const leaf = (random: Random): Condition => {
  const path = Array.from({ length: 1 + (random.chance(0.3) ? random.int(3) : 0) }, () => random.pick(KEYS))
  const [target, values] = random.chance(0.5) ? random.pick(FIELDS) : [{ path }, SCALARS]
  const numbers = values.filter((one) => typeof one === "number")
  const roll = random.next()
  if (roll < 0.2) return { _tag: "Exists", target }
  if (roll < 0.5 && numbers.length > 0) {
    return { _tag: "Compare", target, comparison: random.pick(COMPARISONS), value: random.pick(numbers) }
  }
  if (roll < 0.6 && target.path !== undefined) return { _tag: "Contains", target, value: scalar(random) }
  return isIn(target, random.some(values, random.int(4)))
}

/** A condition of any shape, nested up to `depth` deep. */
export const randomCondition = (random: Random, depth = 3): Condition => {
  const parts = () => Array.from({ length: random.int(4) }, () => randomCondition(random, depth - 1))
  const roll = random.next()
  if (depth === 0 || roll < 0.4) return leaf(random)
  if (roll < 0.6) return allOf(parts())
  return roll < 0.8 ? anyOf(parts()) : not(randomCondition(random, depth - 1))
}
