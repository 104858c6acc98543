/** Statements as `remember` takes them: `{"content": "…"}`. */
import type { Statement } from "@keepsake/core"
import * as Result from "effect/Result"
import type { Format, JsonRow } from "./Format.ts"
import { parseIso } from "./foreignRow.ts"

/** ISO text without a zone, or a day alone, is one of UTC. */
const toMoment = (value: unknown): unknown => {
  const time = typeof value === "string" ? parseIso(value) : Number.NaN
  return Number.isFinite(time) ? time : value
}

const toStatement = (row: JsonRow): JsonRow => ({
  ...row,
  ...(row["saidAt"] === undefined ? {} : { saidAt: toMoment(row["saidAt"]) }),
  ...(row["expiresAt"] === undefined ? {} : { expiresAt: toMoment(row["expiresAt"]) })
})

export const statements: Format = {
  name: "statements",
  isRow: ({ content }) => typeof content === "string",
  // The import checks all fields, as `remember` does.
  parse: (row) =>
    Result.succeed({
      _tag: "Statement",
      statement: toStatement(row) as unknown as Statement,
      userId: null,
      agentId: null
    })
}
