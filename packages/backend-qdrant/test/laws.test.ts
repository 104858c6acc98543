import { QdrantStore } from "@keepsake/backend-qdrant"
import { storeLaws } from "@keepsake/core/testing"
import { Effect } from "effect"
import { freshOptions, testServer } from "./support/testServer.ts"

storeLaws(
  "qdrant",
  testServer.pipe(
    Effect.flatMap(({ url }) => freshOptions(url)),
    Effect.map((options) => QdrantStore.layer(options))
  )
)
