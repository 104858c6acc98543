import { Effect } from "effect"
import { join } from "node:path"
import { firstVersionTests } from "../../core/test/support/firstVersion.ts"
import { restoreFixture } from "./support/restoreFixture.ts"
import { freshOptions, server, storeOf } from "./support/servers.ts"

firstVersionTests("qdrant", join(import.meta.dirname, "fixtures", "first-version"), (files) =>
  Effect.gen(function* () {
    const { url } = yield* server
    const options = yield* freshOptions(url)
    const format = yield* Effect.promise(() => restoreFixture(files, url, options.collection))
    return { layer: storeOf(options), format }
  })
)
