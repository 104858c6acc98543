import { type MemoryClient, MemoryError, Unavailable } from "@keepsake/core"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { openMemory } from "../../../openMemory.ts"
import { note } from "../../output/print.ts"
import { settings } from "../../root.ts"
import { version } from "../../version.ts"

const failure = (cause: unknown): MemoryError =>
  cause instanceof MemoryError
    ? cause
    : new MemoryError({
        reason: new Unavailable({
          message: `The MCP server could not run: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause
        })
      })

/** Runs until this process is told to stop. */
const http = (
  client: MemoryClient,
  scope: { userId: string; agentId: string },
  port: number,
  host: string | undefined
) =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: async () => {
          const { serveHttp } = await import("../../../mcp/serveHttp.ts")
          return serveHttp(client.for(scope), {
            version,
            host,
            port,
            token: process.env["KEEPSAKE_MCP_TOKEN"]
          })
        },
        catch: failure
      }),
      (server) => Effect.promise(async () => server.close())
    )
    yield* note(`Serving the memory of ${scope.userId} at ${server.url}. Stop with Ctrl-C.`)
    return yield* Effect.never
  })

const stdio = (client: MemoryClient, scope: { userId: string; agentId: string }) =>
  Effect.tryPromise({
    try: async (signal) => {
      const { serveStdio } = await import("../../../mcp/serveStdio.ts")
      return serveStdio(client.for(scope), version, signal)
    },
    catch: failure
  })

export const mcp = Command.make(
  "mcp",
  {
    http: Flag.Boolean("http").pipe(
      Flag.withDescription("Streamable HTTP instead of standard input and output"),
      Flag.withDefault(false)
    ),
    port: Flag.Int("port").pipe(
      Flag.withDescription("For --http; 7337 unless said"),
      Flag.withDefault(7_337)
    ),
    host: Flag.String("host").pipe(
      Flag.withDescription("For --http; 127.0.0.1 unless said. Any other needs KEEPSAKE_MCP_TOKEN"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ host, http: overHttp, port }) {
    const { config, scope } = yield* settings
    yield* Effect.scoped(
      Effect.gen(function* () {
        const client = yield* Effect.acquireRelease(
          Effect.tryPromise({ try: async () => openMemory(config), catch: failure }),
          (client) => Effect.promise(async () => client.close())
        )
        yield* overHttp ? http(client, scope, port, Option.getOrUndefined(host)) : stdio(client, scope)
      })
    )
  })
).pipe(
  Command.withDescription(
    "Serve one user's memory to an MCP client. The user is the one of --user; a model cannot name another"
  ),
  Command.withExamples([
    {
      command: "keepsake mcp --user ana",
      description: "For a client that starts it, such as Claude Desktop"
    },
    {
      command: "keepsake mcp --http --port 7337",
      description: "For clients that connect, at http://127.0.0.1:7337/mcp"
    }
  ])
)
