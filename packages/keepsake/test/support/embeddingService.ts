/** A made-up embedding service over HTTP. */
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import type { EmbedderProvider } from "@keepsake/core"

export interface ReceivedRequest {
  readonly url: string
  readonly authorization: string | undefined
  readonly body: { readonly model: string; readonly input: ReadonlyArray<string> } & Record<string, unknown>
}

export type Answer = (request: ReceivedRequest, response: ServerResponse) => void

export const toVector = (text: string): ReadonlyArray<number> => [text.length, 1, 0]

export const serveVectors: Answer = ({ body }, response) => {
  // Reversed: the client must sort by index.
  const data = body.input.map((text, index) => ({ index, embedding: toVector(text) })).reverse()
  response.end(JSON.stringify({ object: "list", data }))
}

export const failWith =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers)
    response.end(body)
  }

/** A server of the embeddings API that answers by a script, and with vectors after it. */
export const service = async (...script: ReadonlyArray<Answer>) => {
  const requests: Array<ReceivedRequest> = []
  const server = createServer((request: IncomingMessage, response) => {
    void json(request).then((body) => {
      const received: ReceivedRequest = {
        url: request.url ?? "",
        authorization: request.headers.authorization,
        body: body as ReceivedRequest["body"]
      }
      requests.push(received)
      const answer = script[requests.length - 1] ?? serveVectors
      return answer(received, response)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

export const embed = async (
  provider: EmbedderProvider,
  texts: ReadonlyArray<string>,
  purpose: "document" | "query" = "document"
) => provider.embed(texts, purpose, new AbortController().signal)
