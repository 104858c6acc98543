/** The partial indexes of a large scope: their SQL, and dropping them. */
import { embeddingColumn, type StatementLayout, weightColumn } from "../schema/EmbeddingColumns.ts"
import type { ConcurrentIndex } from "../schema/indexes.ts"

/** Names hold half of the scope's hash and no user id. */
const halfHash = (scope: string): string => scope.replaceAll("-", "").slice(0, 16)

/** pgvector's k-means reads 50 rows a list, and refuses more memory than `maintenance_work_mem`, 64 MB by default. */
const SAMPLES_A_LIST = 50
const KMEANS_BYTES = 56 * 1024 * 1024

/** Lists of an index over `rows` rows: √rows, as far as PostgreSQL's default memory builds them. */
export const countLists = (rows: number, dimensions: number): number => {
  // Samples × (their vectors + a bound for each list) ≤ KMEANS_BYTES, solved for the lists.
  const vectorBytes = 4 * dimensions + 8
  const lists = (Math.sqrt(vectorBytes ** 2 + (16 * KMEANS_BYTES) / SAMPLES_A_LIST) - vectorBytes) / 8
  return Math.max(1, Math.floor(Math.min(Math.sqrt(rows), lists)))
}

/** Lists of the scope's two vector indexes. */
export interface ScopeLists {
  readonly memories: number
  readonly passages: number
}

/** The term index is half the size of the primary key because it omits the scope; it is renamed with its column. */
export const scopeIndexes = (
  { names, space }: StatementLayout,
  scope: string,
  lists: ScopeLists
): ReadonlyArray<ConcurrentIndex> => {
  const words = `${names.prefix}words_${halfHash(scope)}`
  const vectors = (table: "memories" | "passages", kind: string, current: string): ConcurrentIndex => {
    const name = `${names.prefix}${kind}_${space.number}_${halfHash(scope)}`
    return {
      name,
      create: `create index concurrently if not exists "${name}" on ${names.table(table)}
  using ivfflat (${embeddingColumn(space)} ${space.extension}.${space.vectorType}_ip_ops) with (lists = ${lists[table]})
  where scope = '${scope}'::uuid and ${current}`
    }
  }
  return [
    vectors("memories", "lists", "valid_to is null"),
    vectors("passages", "passage_lists", "is_current"),
    {
      name: words,
      create: `create index concurrently if not exists "${words}" on ${names.table("postings")} (term, id) include (${weightColumn(space)})
  where scope = '${scope}'::uuid and is_current`
    }
  ]
}

/** The graphs that versions before lists built. */
export const formerIndexes = (
  { names, space }: StatementLayout,
  scope: string
): ReadonlyArray<Pick<ConcurrentIndex, "name">> =>
  ["hnsw", "passages"].map((kind) => ({
    name: `${names.prefix}${kind}_${space.number}_${halfHash(scope)}`
  }))
