import { join } from "node:path"
import { QdrantStore } from "@keepsake/backend-qdrant"
import { Effect } from "effect"
import { firstVersionTests } from "../../core/test/support/firstVersion.ts"
import { restoreFixture } from "./support/restoreFixture.ts"
import { freshOptions, testServer } from "./support/testServer.ts"

firstVersionTests("qdrant", join(import.meta.dirname, "fixtures", "first-version"), (folder) =>
  Effect.gen(function* () {
    const { url } = yield* testServer
    const options = yield* freshOptions(url)
    const format = yield* Effect.promise(() => restoreFixture(folder, url, options.collection))
    return { layer: QdrantStore.layer(options), format }
  })
)
