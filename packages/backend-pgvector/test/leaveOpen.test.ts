/** Programs that end without closing their memory. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { NO_SERVER, requireServerUrl, serverSchema, serverUrl, withClient } from "./support/servers.ts"

const HARNESS = fileURLToPath(new URL("harness/leaveOpen.ts", import.meta.url))

/** Runs to the end: what holds the process up, after its last line. */
const readHolders = (args: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [HARNESS, ...args], { timeout: 100_000, killSignal: "SIGKILL" })
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve))
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
    assert.strictEqual(code, 0, err)
    assert.include(out, "handled: query")
    assert.include(out, "the end")
    return (/held by: (.*)/u.exec(out)?.[1] ?? assert.fail(out)).split(",")
  })

// PostgreSQL inside PGlite has a timer of ten seconds for its statistics, with or without Keepsake.
it.live("a program on PGlite ends by itself when PGlite lets it", () =>
  Effect.map(readHolders(["keepsake"]), (holders) =>
    assert.isAtMost(holders.filter((name) => name === "Timeout").length, 1)
  )
)

it.live.skipIf(serverUrl === undefined)(
  `a program on a server ends by itself at once, and counts its recall (${NO_SERVER})`,
  () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const url = Redacted.value(requireServerUrl())
        assert.notInclude(yield* readHolders([schema, url]), "Timeout")
        const counted = yield* Effect.promise(() =>
          withClient(url, (client) => client.query(`select access_count from ${schema}.accesses`))
        )
        assert.deepStrictEqual(counted.rows, [{ access_count: "1" }])
      })
    )
)
