/** Excerpts as a select list: a text of one passage comes whole, of a long one the server cuts the passage out. */
import { type Excerpt, type JsonObject, type Scope, STORE_LIMITS } from "@keepsake/core/driver"
import type { Row } from "../connection/Database.ts"
import { embeddingColumn, type StatementLayout } from "../schema/EmbeddingColumns.ts"
import { decodeMemory, MEMORY_WIDTH, selectMemory } from "./memoryRow.ts"
import { toNumberOrNull } from "./values.ts"
import { parseVector } from "./vectorColumn.ts"

/** A character takes up to three bytes for each of its UTF-16 code units. */
const METADATA_BYTES_MAX = 3 * STORE_LIMITS.excerptMetadata

/** `m` is a row of `memories`, `x` the passage of a long text or NULLs. `decodeExcerpt` reads the values in this order. */
export const selectExcerpt = ({ space }: StatementLayout, withVectors: boolean): string => {
  const content =
    "case when coalesce(m.passage_count, 1) = 1 then m.content else substr(m.content, x.char_start + 1, x.char_count) end"
  const metadata = `case when m.metadata_bytes > ${METADATA_BYTES_MAX} then null else m.metadata end`
  const embedding = embeddingColumn(space)
  const vector =
    withVectors && space.dimensions !== null
      ? `case when m.passage_count is null then m.${embedding}::text else x.${embedding}::text end`
      : "null::text"
  return `${selectMemory(content, metadata)}, m.passage_count, x.number, x.start_at, x.end_at, ${vector}`
}

export const EXCERPT_WIDTH = MEMORY_WIDTH + 5

/** Decodes the first `EXCERPT_WIDTH` values of a row. */
export const decodeExcerpt = (row: Row, scope: Scope): Excerpt => {
  const memory = decodeMemory(row, scope)
  const [count, number, startAt, endAt] = [0, 1, 2, 3].map((i) => toNumberOrNull(row[MEMORY_WIDTH + i]))
  const vector = row[MEMORY_WIDTH + 4]
  const passages = count ?? 1
  const [start, end] = [startAt ?? 0, endAt ?? memory.content.length]
  const metadata = memory.metadata as JsonObject | null
  const hasMetadata = metadata !== null && JSON.stringify(metadata).length <= STORE_LIMITS.excerptMetadata
  const isWhole = hasMetadata && passages === 1
  const cut = () => ({
    ...memory,
    content: passages === 1 ? memory.content.slice(start, end) : memory.content,
    metadata: hasMetadata ? memory.metadata : {}
  })
  return {
    memory: isWhole ? memory : cut(),
    passage: number ?? 0,
    passages,
    start,
    end,
    isWhole,
    vector: typeof vector === "string" ? parseVector(vector) : null
  }
}
