import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { chunksOf } from "effect/Array"
import type { PointsApi } from "./PointsApi.ts"

/** Queries of one request. */
const BATCH = 72

/** Answers to any number of queries, in their order: several requests at once where one is not enough. */
export const queryAll = (
  points: PointsApi,
  queries: ReadonlyArray<Schemas["QueryRequest"]>
): Effect.Effect<ReadonlyArray<ReadonlyArray<Schemas["ScoredPoint"]>>, MemoryError> =>
  queries.length === 0
    ? Effect.succeed([])
    : Effect.map(
        Effect.forEach(chunksOf(queries, BATCH), (batch) => points.query(batch), {
          concurrency: "unbounded"
        }),
        (answers) => answers.flat()
      )
