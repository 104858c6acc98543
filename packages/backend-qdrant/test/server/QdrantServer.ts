/**
 * A stand-in for a Qdrant server: HTTP in front of points in memory, for the endpoints the store uses.
 * It answers as the published OpenAPI description and a 1.19.0 server do, refuses any request that does not
 * fit, and can be told to misbehave.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Refusal } from "./problems.ts"
import { type Call, type Data, emptyData, ROUTES } from "./routes.ts"

/** A request as it arrived. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage["headers"]
  readonly body: unknown
}

/** How a request goes wrong. `served` says whether the server did what it was asked before. */
export type Fault =
  | {
      readonly _tag: "Status"
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
    }
  | { readonly _tag: "Truncated" }
  | { readonly _tag: "Stalled" }
  | { readonly _tag: "Reset"; readonly when: "before" | "midBatch" | "after" }

/** Which fault meets a request; none leaves it alone. */
export type Faults = (seen: Seen) => Fault | undefined

class BrokenOff extends Error {}

export interface ServerOptions {
  readonly apiKey?: string
  /** A key that may read only. */
  readonly readOnlyKey?: string
  readonly version?: string
  readonly port?: number
  readonly data?: Data
  /** Path under which it is served, as behind a proxy. */
  readonly prefix?: string
}

export interface QdrantServer extends AsyncDisposable {
  readonly url: string
  readonly data: Data
  /** Every request since the last `clear`. */
  readonly seen: Array<Seen>
  faults: Faults
  /** Drops every connection and serves the same data again on the same port. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString("utf8")
  if (text === "") return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Refusal(400, "Format error in JSON body: not JSON")
  }
}

const route = (method: string, path: string) => {
  for (const [verb, pattern, handler] of ROUTES) {
    const wanted = pattern.split("/")
    const parts = path.split("/")
    if (verb !== method || wanted.length !== parts.length) continue
    if (!wanted.every((part, i) => part === "*" || part === parts[i])) continue
    const names = parts.filter((_, i) => wanted[i] === "*").map(decodeURIComponent)
    return { handler, names }
  }
  return undefined
}

const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text)
  })
  response.end(text)
}

/** What a key may do: 0 is nothing, as the real server answers in plain text. */
const refusedBy = (options: ServerOptions, seen: Seen): number | undefined => {
  // The root says the version to anybody, as on the real server.
  if (options.apiKey === undefined || seen.path === "/") return undefined
  const key = seen.headers["api-key"]
  if (key === options.apiKey) return undefined
  if (options.readOnlyKey === undefined || key !== options.readOnlyKey) return 401
  const reads = seen.method === "GET" || /\/(scroll|count|batch|facet)$/u.test(seen.path)
  return reads && !seen.path.endsWith("/points/batch") ? undefined : 403
}

/** Does what is asked; a `Refusal` becomes its status. */
const perform = (options: ServerOptions, data: Data, seen: Seen, breaks: () => void) => {
  const version = options.version ?? "1.19.0"
  if (seen.method === "GET" && seen.path === "/") {
    return { title: "qdrant - vector search engine", version, commit: "0".repeat(40) }
  }
  const found = route(seen.method, seen.path)
  if (found === undefined) throw new Refusal(404, "")
  const call: Call = {
    data,
    version,
    names: found.names,
    query: new URLSearchParams(seen.query),
    body: seen.body,
    betweenOperations: breaks
  }
  return { usage: null, time: 0.0001, status: "ok", result: found.handler(call) }
}

const handle = async (
  options: ServerOptions,
  server: QdrantServer,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> => {
  const url = new URL(request.url ?? "/", "http://local")
  const { prefix = "" } = options
  const seen: Seen = {
    method: request.method ?? "GET",
    path: url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) || "/" : "/no such path",
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: await bodyOf(request)
  }
  server.seen.push(seen)
  const fault = server.faults(seen)
  const reset = fault?._tag === "Reset" ? fault.when : undefined
  if (fault?._tag === "Stalled") return
  if (reset === "before") return void request.socket.destroy()
  if (fault?._tag === "Status") {
    response.writeHead(fault.status, { "content-type": "text/html", ...fault.headers })
    return void response.end(fault.body ?? "")
  }
  const refused = refusedBy(options, seen)
  if (refused === 401) {
    response.writeHead(401, { "content-type": "text/plain" })
    return void response.end("Must provide an API key or an Authorization bearer token")
  }
  if (refused === 403) throw new Refusal(403, "Forbidden: Global manage access is required")
  const breaks = () => {
    if (reset === "midBatch") throw new BrokenOff()
  }
  const body = perform(options, server.data, seen, breaks)
  if (reset !== undefined) return void request.socket.destroy()
  if (fault?._tag === "Truncated") {
    const text = JSON.stringify(body)
    const half = text.slice(0, Math.floor(text.length / 2))
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(half) })
    return void response.end(half)
  }
  sendJson(response, 200, body)
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => resolve())
  })

const shut = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/** Starts a server on a free port of loopback. */
export const startQdrant = async (options: ServerOptions = {}): Promise<QdrantServer> => {
  let http: Server
  const open = async (port: number) => {
    http = createServer((request, response) => {
      handle(options, running, request, response).catch((cause: unknown) => {
        if (cause instanceof BrokenOff) {
          request.socket.destroy()
          return
        }
        const status = cause instanceof Refusal ? cause.status : 500
        const error = cause instanceof Error ? cause.message : String(cause)
        sendJson(response, status, { status: { error }, time: 0 })
      })
    })
    http.keepAliveTimeout = 60_000
    await listen(http, port)
    return (http.address() as AddressInfo).port
  }
  const running: QdrantServer = {
    url: "",
    data: options.data ?? emptyData(),
    seen: [],
    faults: () => undefined,
    restart: async () => {
      await shut(http)
      await open(port)
    },
    stop: () => shut(http),
    [Symbol.asyncDispose]: () => shut(http)
  }
  const port = await open(options.port ?? 0)
  return Object.assign(running, { url: `http://127.0.0.1:${port}` })
}
