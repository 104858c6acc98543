import { fromSql } from "pgvector"

/** A selected vector, as `pgvector` reads its text form. */
export const vectorFromText = (text: string): Float32Array => {
  const values = fromSql(text)
  if (!Array.isArray(values))
    throw new TypeError("The column embedding holds something other than a dense vector.")
  return Float32Array.from(values)
}
