/** Statements as `remember` takes them: `{"content": "…"}`. */
import type { Statement } from "@keepsake/core"
import { Result } from "effect"
import type { Format } from "./Format.ts"

export const statements: Format = {
  name: "statements",
  isRow: ({ content }) => typeof content === "string",
  // The import checks all fields, as `remember` does.
  parse: (row) =>
    Result.succeed({
      _tag: "Statement",
      statement: row as unknown as Statement,
      userId: null,
      agentId: null
    })
}
