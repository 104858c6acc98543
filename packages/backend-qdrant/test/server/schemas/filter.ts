import { Schema } from "effect"
import { PointId } from "./values.ts"

const { Array: List, Boolean: Bool, Finite, Int, optionalKey: optional, String: Text, Struct, Union } = Schema

const Range = Struct({
  gt: optional(Finite),
  gte: optional(Finite),
  lt: optional(Finite),
  lte: optional(Finite)
})

const Match = Union([
  Struct({ value: Union([Text, Int, Bool]) }),
  Struct({ any: Union([List(Text), List(Int)]) })
])

const FieldCondition = Union([Struct({ key: Text, match: Match }), Struct({ key: Text, range: Range })])
export type FieldCondition = typeof FieldCondition.Type

const IsEmpty = Struct({ is_empty: Struct({ key: Text }) })
const HasId = Struct({ has_id: List(PointId) })
const HasVector = Struct({ has_vector: Text })

interface Nested {
  readonly nested: { readonly key: string; readonly filter: Filter }
}
export type Condition =
  | FieldCondition
  | typeof IsEmpty.Type
  | typeof HasId.Type
  | typeof HasVector.Type
  | Nested
  | Filter
export interface Filter {
  readonly must?: ReadonlyArray<Condition>
  readonly must_not?: ReadonlyArray<Condition>
  readonly should?: ReadonlyArray<Condition>
}

const Condition: Schema.Codec<Condition> = Schema.suspend(() =>
  Union([
    FieldCondition,
    IsEmpty,
    HasId,
    HasVector,
    Struct({ nested: Struct({ key: Text, filter: Filter }) }),
    Filter
  ])
)
export const Filter: Schema.Codec<Filter> = Struct({
  must: optional(List(Condition)),
  must_not: optional(List(Condition)),
  should: optional(List(Condition))
})
