import { createHash, timingSafeEqual } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { PromiseMemory } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport
} from "@modelcontextprotocol/server"
import { createMcpServer } from "./mcpServer.ts"
import { toWebRequest, writeAnswer } from "./webRequest.ts"

/** Where to listen, and who may connect. */
export interface HttpOptions {
  readonly version: string
  /** `127.0.0.1` when absent. An address that other machines can reach needs a token. */
  readonly host?: string | undefined
  /** 0 for any free port. */
  readonly port: number
  /** Every request must send it as `Authorization: Bearer …`. */
  readonly token?: string | undefined
}

/** A server that runs until it is closed. */
export interface HttpServer {
  readonly url: string
  /** Answers the requests under way, then stops. */
  close(): Promise<void>
}

const PATH = "/mcp"
const BODY_BYTES_MAX = 8_000_000
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"])

const parseHostName = (header: string | undefined): string | undefined =>
  URL.parse(`http://${header ?? ""}`)?.hostname.replace(/^\[|\]$/gu, "")

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Refuses requests of other sites' pages in a browser, and requests without the token. */
const findRefusal = (
  request: IncomingMessage,
  options: HttpOptions
): readonly [status: number, message: string] | undefined => {
  const { authorization, host, origin } = request.headers
  const isLocal = LOOPBACK.has(options.host ?? "127.0.0.1")
  if (isLocal && !LOOPBACK.has(parseHostName(host) ?? ""))
    return [403, "This server answers only requests to its own address."]
  if (origin !== undefined && !LOOPBACK.has(URL.parse(origin)?.hostname.replace(/^\[|\]$/gu, "") ?? "")) {
    return [403, "Requests from other sites are refused."]
  }
  const { token } = options
  if (token !== undefined && !timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${token}`))) {
    return [401, "Send the token: Authorization: Bearer …"]
  }
  if (URL.parse(request.url ?? "", "http://localhost")?.pathname !== PATH)
    return [404, `The server is at ${PATH}.`]
  // Without sessions, GET (listen) and DELETE (end the session) have no meaning.
  return request.method === "POST" ? undefined : [405, "Only POST is served."]
}

const sendError = (response: ServerResponse, status: number, message: string): void => {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null }))
}

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Array<Buffer> = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > BODY_BYTES_MAX) throw new Error(`larger than ${BODY_BYTES_MAX} bytes`)
    parts.push(part)
  }
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts))) as unknown
}

const PORT_MAX = 65_535

/** Streamable HTTP at `/mcp`, without sessions: requests are independent, so any number of clients can connect. */
export const serveHttp = async (memory: PromiseMemory, options: HttpOptions): Promise<HttpServer> => {
  const host = options.host ?? "127.0.0.1"
  if (!LOOPBACK.has(host) && options.token === undefined) {
    throw invalidInput(
      "host",
      `other machines can reach ${host}: set KEEPSAKE_MCP_TOKEN, which every request must then send`
    )
  }
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > PORT_MAX)
    throw invalidInput("port", `give a whole number from 0 (any free port) to ${PORT_MAX}`)
  const underWay = new Set<Promise<void>>()
  const serve = () => createMcpServer(memory, { version: options.version })
  const modern = createMcpHandler(serve, { legacy: "reject" })

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = findRefusal(request, options)
    if (refusal !== undefined) return sendError(response, ...refusal)
    let body: unknown
    try {
      body = await readBody(request)
    } catch (cause) {
      return sendError(
        response,
        400,
        `The request's body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`
      )
    }
    const web = toWebRequest(request, response)
    if (!(await isLegacyRequest(web, body))) {
      await writeAnswer(response, await modern.fetch(web, { parsedBody: body }))
      return undefined
    }
    const server = serve()
    // Answers of an earlier protocol are one JSON object each.
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
    response.once("close", () => void server.close())
    await server.connect(transport)
    await writeAnswer(response, await transport.handleRequest(web, { parsedBody: body }))
    return undefined
  }

  const http = createServer((request, response) => {
    const served = handle(request, response)
      .catch(() => {
        if (!response.headersSent) sendError(response, 500, "The request could not be served.")
        else response.end()
      })
      .finally(() => underWay.delete(served))
    underWay.add(served)
  })
  http.listen(options.port, host)
  await once(http, "listening")
  const { port } = http.address() as AddressInfo
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}${PATH}`,
    close: async () => {
      const closed = new Promise((resolve) => http.close(resolve))
      await Promise.all(underWay)
      await modern.close()
      http.closeIdleConnections()
      await closed
    }
  }
}
