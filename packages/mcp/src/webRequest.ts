import type { IncomingMessage, ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { ReadableStream } from "node:stream/web"

/** A request without its body, which is read already; aborted when the client is gone. */
export const toWebRequest = (request: IncomingMessage, response: ServerResponse): Request => {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value)
  return new Request(new URL(request.url ?? "/", "http://localhost"), {
    method: request.method ?? "POST",
    headers,
    signal: gone.signal
  })
}

/** Sends the answer as it comes. */
export const writeAnswer = async (response: ServerResponse, answer: Response): Promise<void> => {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body === null) response.end()
  else await pipeline(Readable.fromWeb(answer.body as ReadableStream), response)
}
