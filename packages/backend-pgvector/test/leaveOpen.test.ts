/** Programs that end without closing their memory. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { NO_SERVER, requireServerUrl, serverSchema, serverUrl, withClient } from "./support/servers.ts"

const HARNESS = fileURLToPath(new URL("harness/leaveOpen.ts", import.meta.url))

/** What would hold a process up: an idle connection, for ten seconds. Its last statements take some milliseconds. */
const HELD_MS = 8_000

/** Runs to the end: the time from its last line to its exit, in milliseconds. */
const measureEnd = (args: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [HARNESS, ...args], { timeout: 100_000, killSignal: "SIGKILL" })
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve))
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
    assert.strictEqual(code, 0, err)
    assert.include(out, "handled: query")
    assert.include(out, "the end")
    return Number(/held for (\d+) ms/u.exec(out)?.[1] ?? assert.fail(out))
  })

// PostgreSQL inside PGlite has a timer of ten seconds for its statistics, with or without Keepsake.
it.live("a program on PGlite ends by itself when PGlite lets it", () =>
  Effect.map(measureEnd(["keepsake"]), (ms) => assert.isBelow(ms, 10_000 + HELD_MS))
)

it.live.skipIf(serverUrl === undefined)(
  `a program on a server ends by itself at once, and counts its recall (${NO_SERVER})`,
  () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const url = Redacted.value(requireServerUrl())
        assert.isBelow(yield* measureEnd([schema, url]), HELD_MS)
        const counted = yield* Effect.promise(() =>
          withClient(url, (client) => client.query(`select access_count from ${schema}.accesses`))
        )
        assert.deepStrictEqual(counted.rows, [{ access_count: "1" }])
      })
    )
)
