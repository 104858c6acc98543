/**
 * A local HTTP server that speaks the Messages API, for tests and offline demonstrations. Its replies are
 * scripted: it is not a model, and must not be presented as one.
 */
import Anthropic, { type ClientOptions } from "@anthropic-ai/sdk"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { countTokens } from "./countTokens.ts"
import { findRequestProblem } from "./findRequestProblem.ts"
import { listBlocks, PromptCache, type PromptUsage } from "./PromptCache.ts"
import type { RequestBody } from "./RequestBody.ts"
import { type MessageReply, scriptedMessage, streamMessage } from "./scriptedMessage.ts"

/** A request as the server received it. */
export interface RecordedRequest {
  readonly body: RequestBody
  readonly headers: IncomingMessage["headers"]
  /** What the prompt cache holds of it; a reply's own `usage` does not change this. */
  readonly usage: PromptUsage
}

/** The limits of the model that the server stands for. */
export interface ServerOptions {
  /** Tokens of the context window; requests beyond it are refused as too long. No limit when absent. */
  readonly contextTokens?: number | undefined
}

/** An error response of the API. */
export interface FailureReply {
  readonly failure: {
    /** HTTP status. */
    readonly status: number
    /** Such as `rate_limit_error`. */
    readonly type: string
    readonly message: string
    readonly headers?: { readonly [name: string]: string } | undefined
  }
}

/** A reply of the server: a text, a scripted message, or a failure. */
export type Reply = string | MessageReply | FailureReply

/** Makes the reply to a request. */
export type Respond = (request: RecordedRequest) => Reply | Promise<Reply>

/** A server on the loopback interface that speaks the Messages API, including streaming. */
export interface MessagesServer extends AsyncDisposable {
  readonly url: string
  /** In order of arrival, without the refused ones. */
  readonly requests: ReadonlyArray<RecordedRequest>
  /** The messages of the refusals. */
  readonly refusals: ReadonlyArray<string>
  /** Replaces the script. */
  readonly script: (respond: Respond) => void
  /** The real SDK with this server as its base URL; without retries, unless the options ask for them. */
  readonly client: (options?: ClientOptions) => Anthropic
  readonly close: () => Promise<void>
}

const isFailure = (reply: MessageReply | FailureReply): reply is FailureReply => "failure" in reply

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString("utf8")
}

const sendFailure = (response: ServerResponse, { failure }: FailureReply): void => {
  response.writeHead(failure.status, { "content-type": "application/json", ...failure.headers })
  response.end(JSON.stringify({ type: "error", error: { type: failure.type, message: failure.message } }))
}

const makeFailure = (status: number, type: string, message: string): FailureReply => ({
  failure: { status, type, message }
})

const isAuthorised = ({ headers }: IncomingMessage): boolean =>
  typeof headers["x-api-key"] === "string" || typeof headers.authorization === "string"

const toRespond = (respond: Respond | ReadonlyArray<Reply>): Respond => {
  if (typeof respond === "function") return respond
  let next = 0
  return () =>
    respond[next++] ??
    makeFailure(500, "api_error", `The script has ${respond.length} replies, and all were sent.`)
}

/** The refusal of a request, or `undefined`. */
const findRefusal = (body: RequestBody, { contextTokens }: ServerOptions): FailureReply | undefined => {
  const problem = findRequestProblem(body)
  if (problem !== undefined) return makeFailure(problem.status, problem.type, problem.message)
  if (contextTokens === undefined) return undefined
  const tokens = listBlocks(body).reduce((sum, block) => sum + countTokens(block), 0)
  return tokens > contextTokens
    ? makeFailure(
        400,
        "invalid_request_error",
        `prompt is too long: ${tokens} tokens > ${contextTokens} maximum`
      )
    : undefined
}

/** On a free port of the loopback interface. */
const startServer = async (
  respondTo: (request: IncomingMessage, response: ServerResponse) => Promise<void>
): Promise<Server> => {
  const server = createServer((request, response) => {
    respondTo(request, response).catch((error: unknown) => {
      if (!response.headersSent) sendFailure(response, makeFailure(500, "api_error", String(error)))
      else response.destroy()
    })
  })
  // An idle connection is the client's to close: closed from here as it asks again, a client without retries fails.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return server
}

/** Starts a server. `script` is the replies in order, or a function of the request. */
export const messagesServer = async (
  script: Respond | ReadonlyArray<Reply>,
  options: ServerOptions = {}
): Promise<MessagesServer> => {
  let respond = toRespond(script)
  let messageCount = 0
  const promptCache = new PromptCache()
  const requests: Array<RecordedRequest> = []
  const refusals: Array<string> = []

  const respondTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== "POST" || !request.url?.startsWith("/v1/messages")) {
      return sendFailure(
        response,
        makeFailure(404, "not_found_error", `No such endpoint: ${request.method} ${request.url}`)
      )
    }
    const text = await readBody(request)
    if (!isAuthorised(request))
      return sendFailure(response, makeFailure(401, "authentication_error", "invalid x-api-key"))
    const body = JSON.parse(text) as RequestBody
    const refusal = findRefusal(body, options)
    if (refusal !== undefined) {
      refusals.push(refusal.failure.message)
      return sendFailure(response, refusal)
    }
    const recorded = { body, headers: request.headers, usage: promptCache.use(body) }
    requests.push(recorded)
    const scripted = await respond(recorded)
    const reply = typeof scripted === "string" ? { text: scripted } : scripted
    if (isFailure(reply)) return sendFailure(response, reply)
    const message = scriptedMessage(reply, {
      body,
      id: `msg_local_${++messageCount}`,
      usage: recorded.usage
    })
    if (body.stream !== true) {
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify(message))
      return
    }
    response.writeHead(200, { "content-type": "text/event-stream" })
    for await (const event of streamMessage(message, reply)) {
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    response.end()
  }

  const server = await startServer(respondTo)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return {
    url,
    requests,
    refusals,
    script: (next) => {
      respond = next
    },
    client: (options = {}) => new Anthropic({ baseURL: url, apiKey: "local", maxRetries: 0, ...options }),
    close,
    [Symbol.asyncDispose]: close
  }
}
