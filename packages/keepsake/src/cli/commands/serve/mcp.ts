import { MemoryError, type PromiseMemory, Unavailable } from "@keepsake/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { KeepsakeConfig } from "../../../config/KeepsakeConfig.ts"
import type { CliSettings } from "../../../config/readSettings.ts"
import { loadMcp } from "../../../loadPackage.ts"
import { openMemory } from "../../../openMemory.ts"
import { note } from "../../output/print.ts"
import { settings } from "../../root.ts"
import { version } from "../../version.ts"

const toMemoryError = (cause: unknown): MemoryError =>
  cause instanceof MemoryError
    ? cause
    : new MemoryError({
        reason: new Unavailable({
          message: `The MCP server could not run: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause
        })
      })

type Mcp = typeof import("@keepsake/mcp")

/** Serves until the process is interrupted. */
const runHttp = Effect.fnUntraced(function* (
  { serveHttp }: Mcp,
  memory: PromiseMemory,
  port: number,
  host: string | undefined
) {
  const server = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => serveHttp(memory, { version, host, port, token: process.env["KEEPSAKE_MCP_TOKEN"] }),
      catch: toMemoryError
    }),
    (server) => Effect.promise(async () => server.close())
  )
  yield* note(`Serving the memory of ${memory.scope.userId} at ${server.url}. Stop with Ctrl-C.`)
  return yield* Effect.never
})

/** An open memory of the scope, until the scope of the effect closes. */
const openScoped = Effect.fnUntraced(function* (
  config: KeepsakeConfig,
  { reads, scope }: Pick<CliSettings, "reads" | "scope">
) {
  const client = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: async () => openMemory(config), catch: toMemoryError }),
    (client) => Effect.promise(async () => client.close())
  )
  return yield* Effect.try({ try: () => client.for(scope, { reads }), catch: toMemoryError })
})

export const mcp = Command.make(
  "mcp",
  {
    http: Flag.Boolean("http").pipe(
      Flag.withDescription("Streamable HTTP instead of standard input and output"),
      Flag.withDefault(false)
    ),
    port: Flag.Int("port").pipe(Flag.withDescription("For --http; 7337 by default"), Flag.withDefault(7_337)),
    host: Flag.String("host").pipe(
      Flag.withDescription("For --http; 127.0.0.1 by default. Any other address needs KEEPSAKE_MCP_TOKEN"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ host, http: overHttp, port }) {
    const commandSettings = yield* settings
    const server = yield* loadMcp
    yield* Effect.scoped(
      Effect.gen(function* () {
        if (overHttp) {
          // The user may be elsewhere: this machine's time zone says nothing then.
          const config = { ...commandSettings.config, timeZone: commandSettings.timeZone }
          return yield* runHttp(
            server,
            yield* openScoped(config, commandSettings),
            port,
            Option.getOrUndefined(host)
          )
        }
        // Before the memory opens: an embedder's library may print.
        const output = yield* Effect.acquireRelease(Effect.sync(server.claimStandardOutput), (claimed) =>
          Effect.sync(claimed.release)
        )
        const memory = yield* openScoped(commandSettings.config, commandSettings)
        return yield* Effect.tryPromise({
          try: async (signal) => server.serveStdio(memory, version, signal, output),
          catch: toMemoryError
        })
      })
    )
  })
).pipe(
  Command.withDescription(
    "Serve one user's memory to an MCP client. --user names the user; a model cannot name another"
  ),
  Command.withExamples([
    {
      command: "keepsake mcp --user ana",
      description: "For a client that starts the server, such as Claude Desktop"
    },
    {
      command: "keepsake mcp --http --port 7337",
      description: "For clients that connect to http://127.0.0.1:7337/mcp"
    }
  ])
)
