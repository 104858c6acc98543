import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { loadPackage, NotLoaded } from "../src/loadPackage.ts"

const NAME = "@keepsake/backend-qdrant"
const load = (loaded: object) => loadPackage(NAME, "Qdrant", async () => loaded)

it.effect("a package that loads is taken as it is", () =>
  Effect.gen(function* () {
    const loaded = { QdrantStore: {} }
    assert.strictEqual(yield* load(loaded), loaded)
  })
)

const failure = (message: string, code?: string) =>
  new NotLoaded(Object.assign(new Error(message), code === undefined ? {} : { code }))

for (const [where, loaded] of [
  ["Node", failure(`Cannot find package '${NAME}' imported from /app/main.js`, "ERR_MODULE_NOT_FOUND")],
  ["a webpack bundle", failure(`Cannot find module '${NAME}'`, "MODULE_NOT_FOUND")],
  ["a Vite bundle", failure(`Could not resolve "${NAME}" imported by "@keepsake/keepsake".`)],
  ["Next with webpack", { default: {} }],
  ["an empty module", {}]
] as const) {
  it.effect(`a package that is missing is named with its install line: ${where}`, () =>
    Effect.gen(function* () {
      const { reason } = yield* Effect.flip(load(loaded))
      assert.strictEqual(reason._tag, "Unsupported")
      assert.include(
        reason.message,
        `Qdrant needs a package that is not installed here. Install it: npm install ${NAME}`
      )
    })
  )
}

it.effect("a package that fails while it loads is not called missing", () =>
  Effect.gen(function* () {
    const { message } = yield* Effect.flip(load(failure("Unexpected token")))
    assert.include(message, "is installed but could not be loaded: Unexpected token")
  })
)
