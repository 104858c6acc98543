import type { IncomingMessage, ServerResponse } from "node:http"
import { authorise, type ServerKeys } from "./authorise.ts"
import { ConnectionReset, type Fault, type Faults, type ReceivedRequest } from "./faults.ts"
import { Refusal } from "./refusals.ts"
import { findRoute } from "./routes.ts"
import type { ServerData } from "./ServerData.ts"

export interface ServerOptions extends ServerKeys {
  readonly version?: string
  /** Path of the server, as behind a proxy. */
  readonly prefix?: string
}

/** A server's state during a request. */
export interface RunningServer {
  readonly data: ServerData
  readonly requests: Array<ReceivedRequest>
  readonly responses: Array<number>
  readonly faults: Faults
}

const readJson = async (request: IncomingMessage): Promise<unknown> => {
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

const receive = async (request: IncomingMessage, prefix = ""): Promise<ReceivedRequest> => {
  const url = new URL(request.url ?? "/", "http://local")
  return {
    method: request.method ?? "GET",
    path: url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) || "/" : "/no such path",
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: await readJson(request)
  }
}

/** Returns the bytes of the body. */
const sendText = (response: ServerResponse, status: number, type: string, text: string): number => {
  const length = Buffer.byteLength(text)
  response.writeHead(status, { "content-type": type, "content-length": length })
  response.end(text)
  return length
}

const sendJson = (response: ServerResponse, status: number, body: unknown): number =>
  sendText(response, status, "application/json", JSON.stringify(body))

/** Does what the request asks; throws a `Refusal` for its status. */
const answer = (
  { version = "1.19.0" }: ServerOptions,
  data: ServerData,
  { body, method, path, query }: ReceivedRequest,
  beforeNextOperation: () => void
): unknown => {
  if (method === "GET" && path === "/") {
    return { title: "qdrant - vector search engine", version, commit: "0".repeat(40) }
  }
  const route = findRoute(method, path)
  if (route === undefined) throw new Refusal(404, "")
  const result = route.handler({
    data,
    names: route.names,
    query: new URLSearchParams(query),
    body,
    beforeNextOperation
  })
  return { usage: null, time: 0.0001, status: "ok", result }
}

/** Answers a request, with `fault` if there is one. */
const respond = (
  options: ServerOptions,
  { data, responses }: RunningServer,
  received: ReceivedRequest,
  fault: Fault | undefined,
  response: ServerResponse
): void => {
  if (fault?._tag === "Stalled") return
  const reset = fault?._tag === "Reset" ? fault.when : undefined
  if (reset === "before") throw new ConnectionReset()
  if (fault?._tag === "Status") {
    response.writeHead(fault.status, { "content-type": "text/html", ...fault.headers })
    response.end(fault.body ?? "")
    return
  }
  const status = authorise(options, received)
  if (status === 401) {
    sendText(response, 401, "text/plain", "Must provide an API key or an Authorization bearer token")
    return
  }
  if (status === 403) throw new Refusal(403, "Forbidden: Global manage access is required")
  const body = answer(options, data, received, () => {
    if (reset === "midBatch") throw new ConnectionReset()
  })
  if (reset !== undefined) throw new ConnectionReset()
  if (fault?._tag === "Truncated") {
    const text = JSON.stringify(body)
    sendText(response, 200, "application/json", text.slice(0, Math.floor(text.length / 2)))
    return
  }
  responses.push(sendJson(response, 200, body))
}

export const handleRequest = async (
  options: ServerOptions,
  server: RunningServer,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> => {
  try {
    const received = await receive(request, options.prefix)
    server.requests.push(received)
    respond(options, server, received, server.faults(received), response)
  } catch (cause) {
    if (cause instanceof ConnectionReset) {
      request.socket.destroy()
      return
    }
    const status = cause instanceof Refusal ? cause.status : 500
    const error = cause instanceof Error ? cause.message : String(cause)
    sendJson(response, status, { status: { error }, time: 0 })
  }
}
