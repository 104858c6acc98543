/** What a store knows of a scope that has indexes of its own. */

export interface TunedScope {
  /** Lists of the vector index; `null`: a version before lists built an HNSW graph. */
  readonly lists: number | null
  /** Lists that a search of `MEASURED_LIMIT` rows reads. */
  readonly probes: number | null
  /** Share of the nearest `MEASURED_LIMIT` rows that the index finds, and the scope's size then; `null` before the first measurement. */
  readonly recall: number | null
  readonly measuredRows: number | null
}

/** The limit at which recall is measured: the most that a recall asks of a channel. */
export const MEASURED_LIMIT = 100

/** Below this recall, a search compares all vectors. */
const RECALL_MIN = 0.99

/** Whether the index finds enough. One that was never measured serves until it is. */
export const findsEnough = ({ recall }: TunedScope): boolean => recall === null || recall >= RECALL_MIN

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null)

/** Takes a row of `tuned` as JSON, which names only columns that the table has; `null` for a scope that is not tuned. */
export const decodeTunedScope = (row: unknown): TunedScope | null => {
  if (typeof row !== "object" || row === null) return null
  const { lists, measured_rows, probes, recall } = row as Record<string, unknown>
  return {
    lists: numberOrNull(lists),
    probes: numberOrNull(probes),
    recall: numberOrNull(recall),
    measuredRows: numberOrNull(measured_rows)
  }
}
