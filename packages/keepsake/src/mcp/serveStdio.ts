import type { PromiseMemory } from "@keepsake/core"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { makeInFlight } from "./inFlight.ts"
import { createMcpServer } from "./mcpServer.ts"

/**
 * Serves over standard input and output until the client closes its end or `signal` aborts; then finishes
 * the calls under way. Standard output carries only the protocol.
 */
export const serveStdio = async (
  memory: PromiseMemory,
  version: string,
  signal: AbortSignal
): Promise<void> => {
  const { settle, track } = makeInFlight()
  const server = createMcpServer(memory, { version, track })
  const ended = new Promise<void>((resolve) => {
    // The SDK's transport does not notice a client that is gone.
    process.stdin.once("end", resolve)
    process.stdin.once("close", resolve)
    process.stdout.once("error", () => resolve())
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
  await server.connect(new StdioServerTransport())
  await ended
  await settle()
  await server.close()
}
