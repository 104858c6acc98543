/** Excerpts as a select list: a text of one passage comes whole, of a long one the server cuts the passage out. */
import { type Excerpt, type JsonObject, type Memory, type Scope, STORE_LIMITS } from "@keepsake/core/driver"
import type { Row } from "../connection/Database.ts"
import { embeddingColumn, type StatementLayout } from "../schema/EmbeddingColumns.ts"
import { decodeMemory, MEMORY_WIDTH, selectMemory } from "./memoryRow.ts"
import { toNumberOrNull } from "./values.ts"
import { parseVector } from "./vectorColumn.ts"

/** A character takes up to three bytes for each of its UTF-16 code units. */
const METADATA_BYTES_MAX = 3 * STORE_LIMITS.excerptMetadata

/** The passage `x` of the text of `m`. */
export const PASSAGE_TEXT = "substr(m.content, x.char_start + 1, x.char_count)"

/** A memory, without metadata that is too long; `cut` is the text where it has several passages. Then comes how many. */
const selectCut = (cut: string): string => {
  const content = `case when coalesce(m.passage_count, 1) = 1 then m.content else ${cut} end`
  const metadata = `case when m.metadata_bytes > ${METADATA_BYTES_MAX} then null else m.metadata end`
  return `${selectMemory(content, metadata)}, m.passage_count`
}

/** `m` is a row of `memories`, `x` the passage of a long text or NULLs. `decodeExcerpt` reads the values in this order. */
export const selectExcerpt = ({ space }: StatementLayout, withVectors: boolean): string => {
  const embedding = embeddingColumn(space)
  const vector =
    withVectors && space.dimensions !== null
      ? `case when m.passage_count is null then m.${embedding}::text else x.${embedding}::text end`
      : "null::text"
  return `${selectCut(PASSAGE_TEXT)}, x.number, x.start_at, x.end_at, ${vector}`
}

/** A memory whose passage, if its text is long, comes apart: for `decodeUncut`. */
export const SELECT_UNCUT = selectCut("null")
export const UNCUT_WIDTH = MEMORY_WIDTH + 1

/** A passage of a long text: its number, its place, and itself. */
export interface CutPassage {
  readonly number: number
  readonly start: number
  readonly end: number
  readonly text: string
}

/** `passage` is null for a short text. */
const toExcerpt = (
  memory: Memory,
  count: number | null,
  passage: CutPassage | null,
  vector: Float32Array | null
): Excerpt => {
  const passages = count ?? 1
  const [start, end] = [passage?.start ?? 0, passage?.end ?? memory.content.length]
  const metadata = memory.metadata as JsonObject | null
  const hasMetadata = metadata !== null && JSON.stringify(metadata).length <= STORE_LIMITS.excerptMetadata
  const isWhole = hasMetadata && passages === 1
  const cut = () => ({
    ...memory,
    content: passages === 1 ? memory.content.slice(start, end) : (passage?.text ?? ""),
    metadata: hasMetadata ? memory.metadata : {}
  })
  return {
    memory: isWhole ? memory : cut(),
    passage: passage?.number ?? 0,
    passages,
    start,
    end,
    isWhole,
    vector
  }
}

/** Decodes what `selectExcerpt` selects. */
export const decodeExcerpt = (row: Row, scope: Scope): Excerpt => {
  const memory = decodeMemory(row, scope)
  const [count, number, start, end] = [0, 1, 2, 3].map((i) => toNumberOrNull(row[MEMORY_WIDTH + i]))
  const vector = row[MEMORY_WIDTH + 4]
  const passage =
    number == null || start == null || end == null ? null : { number, start, end, text: memory.content }
  return toExcerpt(memory, count ?? null, passage, typeof vector === "string" ? parseVector(vector) : null)
}

/** Decodes what `SELECT_UNCUT` selects at the beginning of a row. */
export const decodeUncut = (row: Row, scope: Scope, passage: CutPassage | null): Excerpt =>
  toExcerpt(decodeMemory(row, scope), toNumberOrNull(row[MEMORY_WIDTH]), passage, null)
