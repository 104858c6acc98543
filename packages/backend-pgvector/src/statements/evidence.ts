/**
 * SQL of what a row holds of a question: `m` is its row in `memories`. A text of one passage has its words and its
 * vector in that row, a long text has them in `passages`.
 */
import {
  distance,
  embeddingColumn,
  lengthColumn,
  normColumn,
  type StatementLayout,
  termsColumn,
  weightsColumn
} from "../schema/EmbeddingColumns.ts"

/** Terms as SQL. */
export interface TermsSql {
  /** An `int4[]`. */
  readonly array: string
  /** A table of them, in the order of the request: `term`, `idf`. */
  readonly table: string
}

/** A part of a question as SQL. */
export interface PartSql {
  /** The vector; `null` without a vector channel. */
  readonly query: string | null
  /** The part's terms; `null` without a lexical channel. */
  readonly terms: TermsSql | null
  /** The number of a long text's passage that fits best by words; null where it shares none. */
  readonly worded: string | null
}

/** What makes a statement about one scope. */
export interface ScopeSql {
  readonly layout: StatementLayout
  /** The scope's key. */
  readonly key: string
}

/** The passages of `m`, a long text. */
const passagesOf = ({ key, layout: { names } }: ScopeSql): string =>
  `${names.table("passages")} x where x.scope = ${key} and x.id = m.id`

/** The distance of the part's vector from a row of `memories` or `passages`. */
const distanceFrom = ({ layout: { space } }: ScopeSql, row: string, query: string): string =>
  distance(space, `${row}.${embeddingColumn(space)}`, query)

/** The distance of the nearest passage of `m`; null without a vector. */
export const nearestDistance = (scope: ScopeSql, query: string): string =>
  `case when m.passage_count is null then ${distanceFrom(scope, "m", query)}
      else (select min(${distanceFrom(scope, "x", query)}) from ${passagesOf(scope)}) end`

/** The stored weight of each of the part's terms in `row`. */
const weightsIn = ({ layout: { space } }: ScopeSql, row: string, { array }: TermsSql): string =>
  `array(select coalesce(${row}.${weightsColumn(space)}[array_position(${row}.${termsColumn(space)}, t)], 0) from unnest(${array}) t)`

/** Likewise; null where it has none of them, which is cheaper to learn. */
const weightsOrNull = (scope: ScopeSql, row: string, terms: TermsSql): string =>
  `case when ${row}.${termsColumn(scope.layout.space)} && ${terms.array} then ${weightsIn(scope, row, terms)} end`

/** Finds the passage of `m` by the greatest Σ idf·weight: what `PartSql.worded` is where no index told it. */
export const findWorded = (scope: ScopeSql, terms: string): string => {
  const { space } = scope.layout
  return `(
    select scored.number
    from (
      select x.number, (
        select sum(t.idf * x.${weightsColumn(space)}[array_position(x.${termsColumn(space)}, t.term)]) from ${terms} t
      ) as bm25
      from ${passagesOf(scope)}
      offset 0
    ) scored
    where scored.bm25 > 0
    order by scored.bm25 desc, scored.number
    limit 1
  )`
}

/** The nearest passage of `m`, a long text: one row of a distance, null without a vector, and a number. */
const nearestPassage = (scope: ScopeSql, query: string | null): string =>
  query === null
    ? "(select null::float8 as distance, 0 as number)"
    : `(
      select ${distanceFrom(scope, "x", query)} as distance, x.number from ${passagesOf(scope)}
      order by 1, 2 limit 1
    )`

/** The number of the best passage of `m`, a long text: by words, else by meaning, else the first. */
export const bestPassage = (scope: ScopeSql, { query, worded }: PartSql): string => {
  const nearest = query === null ? "0" : `(select near.number from ${nearestPassage(scope, query)} near)`
  return worded === null ? nearest : `coalesce(${worded}, ${nearest})`
}

/** The evidence of `m` as a JSON array; null for a text of one passage. `more`: columns of the worded passage `x`. */
export const longEvidence = (scope: ScopeSql, { query, terms, worded }: PartSql, more = ""): string => {
  const { space } = scope.layout
  const weights = terms === null ? "null" : weightsOrNull(scope, "x", terms)
  const number = worded === null ? "near.number" : `coalesce(${worded}, near.number)`
  return `case when m.passage_count is not null then (
    select json_build_array(-near.distance, near.number, x.number, x.${lengthColumn(space)}, x.${normColumn(space)}, ${weights}${more})
    from ${nearestPassage(scope, query)} near
    cross join lateral (select * from ${passagesOf(scope)} and x.number = ${number} limit 1) x
  ) end`
}

/** Length and norm of `m`, and where these are null the weights they follow from. */
const ownColumns = ({ layout: { space } }: ScopeSql): ReadonlyArray<string> => [
  `m.${lengthColumn(space)}`,
  `m.${normColumn(space)}`,
  `case when m.${lengthColumn(space)} is null then m.${weightsColumn(space)} end`
]

/** The select list of the evidence for each part, in the order in which `decodeEvidence` reads it. */
export const evidenceColumns = (
  scope: ScopeSql,
  parts: ReadonlyArray<PartSql>,
  longOf: (part: PartSql, index: number) => string = (part) => longEvidence(scope, part)
): ReadonlyArray<string> => {
  // What a search by words alone finds has some of them.
  const ownWeights = parts.length === 1 && parts[0]?.query === null ? weightsIn : weightsOrNull
  return [
    ...ownColumns(scope),
    ...parts.flatMap((part, i) => [
      part.query === null
        ? "null::float8"
        : `case when m.passage_count is null then -(${distanceFrom(scope, "m", part.query)}) end`,
      part.terms === null ? "null::float4[]" : ownWeights(scope, "m", part.terms),
      longOf(part, i)
    ])
  ]
}
