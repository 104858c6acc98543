import { fromSql } from "pgvector"

/** Parses the text form of a selected vector, with the `pgvector` package. */
export const parseVector = (text: string): Float32Array => {
  const values = fromSql(text)
  if (!Array.isArray(values))
    throw new TypeError("The column embedding holds something other than a dense vector.")
  return Float32Array.from(values)
}
