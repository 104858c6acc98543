import type { PromiseMemory } from "@keepsake/core"
import { serveStdio as serve } from "@modelcontextprotocol/server/stdio"
import { LineTransport } from "./LineTransport.ts"
import { createMcpServer } from "./mcpServer.ts"
import { claimStandardOutput } from "./standardOutput.ts"

/**
 * Serves over standard input and output until the client closes its end or `signal` aborts; what was asked until then is
 * answered. Standard output carries only the protocol. @param output claimed earlier where opening the memory may print
 */
export const serveStdio = async (
  memory: PromiseMemory,
  version: string,
  signal: AbortSignal,
  output = claimStandardOutput()
): Promise<void> => {
  const transport = new LineTransport(process.stdin, output.write)
  const end = (): void => transport.end()
  const close = (): void => void transport.close()
  process.stdout.once("error", close)
  signal.addEventListener("abort", end, { once: true })
  const server = serve(() => createMcpServer(memory, { version }), { transport })
  try {
    await transport.closed
    await server.close()
  } finally {
    process.stdout.off("error", close)
    signal.removeEventListener("abort", end)
    output.release()
  }
}
