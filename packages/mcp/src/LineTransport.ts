import type { Readable } from "node:stream"
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCMessage,
  PARSE_ERROR,
  parseJSONRPCMessage,
  type RequestId,
  serializeMessage,
  INVALID_REQUEST,
  type Transport
} from "@modelcontextprotocol/server"

/** More than the longest text of a memory in JSON. */
const LINE_BYTES_MAX = 16_000_000

const NEWLINE = 10

/** Lines of a stream, each whole; `null` for one that is too long. */
async function* readLines(input: Readable): AsyncGenerator<string | null> {
  let parts: Array<Buffer> = []
  let size = 0
  const add = (part: Buffer): void => {
    size += part.length
    if (size <= LINE_BYTES_MAX) parts.push(part)
    else parts = []
  }
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      yield size > LINE_BYTES_MAX ? null : Buffer.concat(parts).toString("utf8")
      parts = []
      size = 0
      start = end + 1
    }
    add(chunk.subarray(start))
  }
}

/**
 * Messages as lines of JSON, for any two ends. It closes when its input has ended and everything asked until then is
 * answered or cancelled.
 */
export class LineTransport implements Transport {
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: ((message: JSONRPCMessage) => void) | undefined
  /** Resolves once it is closed. */
  readonly closed: Promise<void>
  readonly #input: Readable
  readonly #write: (text: string) => Promise<void>
  readonly #asked = new Set<RequestId>()
  #resolveClosed: () => void = () => undefined
  #hasEnded = false
  #isClosed = false

  constructor(input: Readable, write: (text: string) => Promise<void>) {
    this.#input = input
    this.#write = write
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
  }

  async start(): Promise<void> {
    void this.#read()
      .catch((error: unknown) => this.onerror?.(error as Error))
      .finally(() => this.end())
  }

  async #read(): Promise<void> {
    for await (const line of readLines(this.#input)) {
      if (this.#hasEnded) return
      if (line === null) this.#refuse(INVALID_REQUEST, `The message is longer than ${LINE_BYTES_MAX} bytes`)
      else if (line.trim() !== "") this.#accept(line)
    }
  }

  #accept(line: string): void {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      return this.#refuse(PARSE_ERROR, "The line is not JSON; send each message as one line")
    }
    let message: JSONRPCMessage
    try {
      message = parseJSONRPCMessage(value)
    } catch {
      return this.#refuse(INVALID_REQUEST, "The line is no JSON-RPC message")
    }
    if (isJSONRPCRequest(message)) this.#asked.add(message.id)
    else if (isJSONRPCNotification(message) && message.method === "notifications/cancelled")
      this.#settle(message.params?.["requestId"] as RequestId)
    return this.onmessage?.(message)
  }

  /** Without an id: what was sent has none that could be read. */
  #refuse(code: number, message: string): void {
    const refusal = { jsonrpc: "2.0", id: null, error: { code, message } }
    this.#write(`${JSON.stringify(refusal)}\n`).catch((error: unknown) => this.onerror?.(error as Error))
  }

  #settle(id: RequestId): void {
    this.#asked.delete(id)
    if (this.#hasEnded && this.#asked.size === 0) void this.close()
  }

  async send(message: JSONRPCMessage): Promise<void> {
    try {
      await this.#write(serializeMessage(message))
    } catch (error) {
      // Nobody reads the answers.
      this.onerror?.(error as Error)
      await this.close()
    } finally {
      if (!("method" in message) && message.id !== undefined) this.#settle(message.id)
    }
  }

  /** Reads no more, and closes when everything asked is answered. */
  end(): void {
    this.#hasEnded = true
    if (this.#asked.size === 0) void this.close()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#hasEnded = true
    this.#input.destroy()
    this.onclose?.()
    this.#resolveClosed()
  }
}
