import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import { freshSchema, NO_SERVER, open, requireServerUrl, serverUrl, withClient } from "../support/servers.ts"

const onServer = serverUrl === undefined ? describe.skip : describe

/** A database without the extension, dropped afterwards. */
const newDatabase = Effect.acquireRelease(
  Effect.promise(async () => {
    const name = freshSchema()
    await withClient(Redacted.value(requireServerUrl()), (client) => client.query(`create database ${name}`))
    const url = new URL(Redacted.value(requireServerUrl()))
    url.pathname = `/${name}`
    return { name, url: Redacted.make(url.href) }
  }),
  ({ name }) =>
    Effect.promise(() =>
      withClient(Redacted.value(requireServerUrl()), (client) =>
        client.query(`drop database ${name} with (force)`)
      )
    )
)

onServer(`a new database${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  it.live("is prepared once by schemas that are opened at the same time", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { url } = yield* newDatabase
        const schemas = ["one", "two", "three", "four", "five", "six"]
        const opened = yield* Effect.forEach(
          schemas,
          (schema) => open(PgVectorStore.layer({ url, schema, poolSize: 2 })),
          { concurrency: "unbounded" }
        )
        const scopes = yield* Effect.forEach(opened, ({ admin }) => admin.scopes({ limit: 10 }))
        assert.deepStrictEqual(
          scopes,
          schemas.map(() => [])
        )
      })
    )
  )
})
