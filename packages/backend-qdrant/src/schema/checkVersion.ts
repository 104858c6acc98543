import { type MemoryError, unsupported } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"

/** The first version with `params.idf.corpus`, which weighs terms over one scope. */
const MINIMUM = [1, 19] as const

const readVersion = (http: QdrantHttp): Effect.Effect<string, MemoryError> =>
  http
    .send("version", async (api, init) => {
      const { data } = await api.root({}, init)
      return { data: { result: typeof data === "object" && "version" in data ? data.version : undefined } }
    })
    .pipe(
      Effect.mapError((error) =>
        error.reason._tag === "Closed"
          ? unsupported(
              `${http.server} is not Qdrant: it answers 404 at its root. Check host and port (REST is 6333), and set prefix if a proxy serves it under a path.`
            )
          : error
      )
    )

/** Fails with `Unsupported` on a server that is too old. */
export const checkVersion = Effect.fnUntraced(function* (http: QdrantHttp) {
  const version = yield* readVersion(http)
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [minMajor, minMinor] = MINIMUM
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return
  yield* unsupported(
    `${http.server} runs Qdrant ${version}; Keepsake needs 1.19 or later, which can compute IDF over one scope (params.idf.corpus). Upgrade the server one minor version at a time.`
  )
})
