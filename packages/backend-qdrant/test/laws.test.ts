import { storeLaws } from "@keepsake/core/testing"
import { Effect } from "effect"
import { freshOptions, server, storeOf } from "./support/servers.ts"

storeLaws(
  "qdrant",
  server.pipe(
    Effect.flatMap(({ url }) => freshOptions(url)),
    Effect.map(storeOf)
  )
)
