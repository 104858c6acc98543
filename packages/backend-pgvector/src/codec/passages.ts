/** The passages of long texts, as arrays that `unnest` turns into rows `r`, and as JSON that a row brings with it. */
import type { Passage, Passages, StoreRow } from "@keepsake/core/driver"
import type { Parameters } from "../connection/Parameters.ts"
import { encodeInt4Array, encodeTextArray, encodeVectorArray } from "../connection/parameterCodec.ts"
import { castToColumn, type EmbeddingColumns, typeName } from "../schema/EmbeddingColumns.ts"
import { encodeTerms } from "./terms.ts"
import { parseVector } from "./vectorColumn.ts"

/** Whether a text is more than one passage over the whole of it, so that its passages have a table of their own. */
export const isLong = (passages: Passages, content: string): boolean =>
  passages.length > 1 || passages[0].start !== 0 || passages[0].end !== content.length

/** Whether some passage of a long text has no vector. */
export const lacksVectors = (passages: Passages): boolean => passages.some(({ vector }) => vector === null)

/** How many characters, as PostgreSQL counts them, `content` has before each of these ascending places in UTF-16. */
const countCharacters = (content: string, places: ReadonlyArray<number>): ReadonlyArray<number> => {
  if (!/[\u{10000}-\u{10ffff}]/u.test(content)) return places
  let [at, characters] = [0, 0]
  return places.map((place) => {
    while (at < place) {
      at += (content.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
      characters += 1
    }
    return characters
  })
}

/** A long text and its passages. */
export interface LongText {
  /** The key of its scope. */
  readonly scope: string
  readonly id: string
  readonly content: string
  readonly passages: ReadonlyArray<Passage>
}

/** A passage with the memory it belongs to, and its place in characters. */
interface PlacedPassage {
  readonly scope: string
  readonly id: string
  readonly number: number
  readonly passage: Passage
  readonly charStart: number
  readonly charCount: number
}

const placePassages = ({ content, id, passages, scope }: LongText): ReadonlyArray<PlacedPassage> => {
  const counted = countCharacters(
    content,
    passages.flatMap(({ end, start }) => [start, end])
  )
  return passages.map((passage, number) => {
    const [from = 0, to = 0] = counted.slice(2 * number, 2 * number + 2)
    return { scope, id, number, passage, charStart: from, charCount: to - from }
  })
}

/** The columns of a passage's place. */
export const PASSAGE_PLACE = "number, start_at, end_at, char_start, char_count"

/** Passages as a select list over `r`, and the `from` item that defines `r`, which has the memory's scope and id too. */
export interface EncodedPassages {
  readonly source: string
  /** In the order of the columns number, start_at, end_at, char_start, char_count, terms, weights, length, norm, embedding. */
  readonly values: ReadonlyArray<string>
}

/** Encodes the passages of long texts for a space; `vectorOid` is the oid of `vector`. */
export const encodePassages = (
  p: Parameters,
  space: EmbeddingColumns,
  vectorOid: number,
  texts: ReadonlyArray<LongText>
): EncodedPassages => {
  const placed = texts.flatMap(placePassages)
  const int = (value: (place: PlacedPassage) => number) =>
    `${p.add(encodeInt4Array(placed.map(value)))}::int4[]`
  const terms = encodeTerms(
    p,
    placed.map(({ passage }) => passage.terms)
  )
  const places = PASSAGE_PLACE.split(", ")
  const uuid = (ids: ReadonlyArray<string>) => `${p.add(encodeTextArray(ids))}::uuid[]`
  const arrays = [
    uuid(placed.map(({ scope }) => scope)),
    uuid(placed.map(({ id }) => id)),
    int(({ number }) => number),
    int(({ passage }) => passage.start),
    int(({ passage }) => passage.end),
    int(({ charStart }) => charStart),
    int(({ charCount }) => charCount),
    ...terms.arrays
  ]
  const names = ["scope", "id", ...places, ...terms.names]
  const values = [...places.map((name) => `r.${name}`), terms.ids, terms.weights, terms.length, terms.norm]
  if (space.dimensions !== null) {
    const vectors = placed.map(({ passage }) => passage.vector)
    arrays.push(`${p.add(encodeVectorArray(vectors, vectorOid))}::${typeName(space, "vector")}[]`)
    names.push("embedding")
    values.push(space.vectorType === "vector" ? "r.embedding" : castToColumn(space, "r.embedding"))
  }
  return { source: `unnest(\n      ${arrays.join(", ")}\n    ) as r (${names.join(", ")})`, values }
}

/** The long texts of these rows. */
export const toLongTexts = (scope: string, rows: ReadonlyArray<StoreRow>): ReadonlyArray<LongText> =>
  rows.flatMap(({ memory: { content, id }, passages }) =>
    isLong(passages, content) ? [{ scope, id, content, passages }] : []
  )

/** A passage as the JSON array of `passagesJson`. */
type PassageTuple = readonly [
  start: number,
  end: number,
  ids: ReadonlyArray<number>,
  weights: ReadonlyArray<number>,
  length: number,
  norm: number,
  vector: string | null
]

/** Decodes what `passagesJson` selects. */
export const decodePassages = (json: unknown): ReadonlyArray<Passage> =>
  (json as ReadonlyArray<PassageTuple>).map(([start, end, ids, weights, length, norm, vector]) => ({
    start,
    end,
    vector: vector === null ? null : parseVector(vector),
    terms: {
      ids: Uint32Array.from(ids, (id) => id >>> 0),
      weights: Float32Array.from(weights),
      length,
      norm
    }
  }))
