import { createHash, timingSafeEqual } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type PromiseMemory } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { makeInFlight } from "./inFlight.ts"
import { createMcpServer } from "./mcpServer.ts"

/** Where to listen, and who may connect. */
export interface HttpOptions {
  readonly version: string
  /** `127.0.0.1` when absent. Any other address than this machine's own needs a token. */
  readonly host?: string | undefined
  /** 0 lets the system choose. */
  readonly port: number
  /** Asked of every request as `Authorization: Bearer …`. */
  readonly token?: string | undefined
}

/** A server that runs until it is closed. */
export interface HttpServer {
  readonly url: string
  /** Answers what was accepted, then stops. */
  close(): Promise<void>
}

const PATH = "/mcp"
const BODY_LIMIT = 1_000_000
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"])

const hostName = (header: string | undefined): string | undefined =>
  URL.parse(`http://${header ?? ""}`)?.hostname.replace(/^\[|\]$/gu, "")

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** What keeps a request out, or `undefined`: another site's page in a browser, or a missing token. */
const refusal = (
  request: IncomingMessage,
  options: HttpOptions
): readonly [status: number, message: string] | undefined => {
  const { authorization, host, origin } = request.headers
  const local = LOOPBACK.has(options.host ?? "127.0.0.1")
  if (local && !LOOPBACK.has(hostName(host) ?? ""))
    return [403, "This server answers to its own address alone."]
  if (origin !== undefined && !LOOPBACK.has(URL.parse(origin)?.hostname.replace(/^\[|\]$/gu, "") ?? "")) {
    return [403, "Requests from other sites are refused."]
  }
  const { token } = options
  if (token !== undefined && !timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${token}`))) {
    return [401, "Send the token: Authorization: Bearer …"]
  }
  if (URL.parse(request.url ?? "", "http://localhost")?.pathname !== PATH)
    return [404, `The server is at ${PATH}.`]
  // Without sessions there is nothing to listen to and nothing to end.
  return request.method === "POST" ? undefined : [405, "Only POST is served."]
}

const answer = (response: ServerResponse, status: number, message: string): void => {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null }))
}

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Array<Buffer> = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > BODY_LIMIT) throw new Error(`larger than ${BODY_LIMIT} bytes`)
    parts.push(part)
  }
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts))) as unknown
}

const PORT_MAX = 65_535

/** Streamable HTTP at `/mcp`, without sessions: every request stands alone, so any number of clients may share one. */
export const serveHttp = async (memory: PromiseMemory, options: HttpOptions): Promise<HttpServer> => {
  const host = options.host ?? "127.0.0.1"
  if (!LOOPBACK.has(host) && options.token === undefined) {
    throw invalidInput(
      "host",
      `${host} can be reached from other machines: set KEEPSAKE_MCP_TOKEN so that only those who know it are served`
    )
  }
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > PORT_MAX)
    throw invalidInput("port", `give a whole number from 0 (any that is free) to ${PORT_MAX}`)
  const { settled, track } = makeInFlight()

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refused = refusal(request, options)
    if (refused !== undefined) return answer(response, ...refused)
    let body: unknown
    try {
      body = await bodyOf(request)
    } catch (cause) {
      return answer(
        response,
        400,
        `The request's body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`
      )
    }
    const server = createMcpServer(memory, { version: options.version })
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    response.once("close", () => void server.close())
    await server.connect(transport)
    await transport.handleRequest(request, response, body)
    return undefined
  }

  const http = createServer((request, response) => {
    track(handle(request, response)).catch(() => {
      if (!response.headersSent) answer(response, 500, "The request could not be served.")
    })
  })
  http.listen(options.port, host)
  await once(http, "listening")
  const { port } = http.address() as AddressInfo
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}${PATH}`,
    close: async () => {
      const closed = new Promise((resolve) => http.close(resolve))
      await settled()
      http.closeIdleConnections()
      await closed
    }
  }
}
