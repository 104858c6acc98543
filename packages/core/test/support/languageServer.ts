import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const ROOT = new URL("../../../../", import.meta.url)
const HEADER_END = "\r\n\r\n"

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

/** Cuts whole messages off the front of a stream; returns the rest. */
const readMessages = (bytes: Buffer, receive: (message: Message) => void): Buffer => {
  const header = bytes.indexOf(HEADER_END)
  const length = Number(/Content-Length: (\d+)/u.exec(bytes.subarray(0, Math.max(header, 0)).toString())?.[1])
  const begin = header + HEADER_END.length
  if (header < 0 || bytes.length < begin + length) return bytes
  receive(JSON.parse(bytes.subarray(begin, begin + length).toString()))
  return readMessages(bytes.subarray(begin + length), receive)
}

/** TypeScript's language server, as an editor starts it. */
const startServer = () => {
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", ROOT))
  const server = spawn(process.execPath, [tsc, "--lsp", "--stdio"], { stdio: ["pipe", "pipe", "ignore"] })
  const waiting = new Map<number, (result: unknown) => void>()
  const send = (message: Message): void => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}${HEADER_END}${body}`)
  }
  let unread: Buffer = Buffer.alloc(0)
  server.stdout.on("data", (bytes: Buffer) => {
    unread = readMessages(Buffer.concat([unread, bytes]), ({ id, method, result }) => {
      if (id === undefined) return
      // The server's own requests, such as for its settings, are answered with nothing.
      if (method !== undefined) send({ id, result: null } as Message)
      else waiting.get(id)?.(result)
    })
  })
  const request = (method: string, params: unknown): Promise<unknown> =>
    new Promise((resolve) => {
      const id = waiting.size
      waiting.set(id, resolve)
      send({ id, method, params })
    })
  return { request, send, stop: () => server.kill() }
}

/** What an editor shows over each name in a text, which stands in a file at `url` that need not exist. */
export const hover = async (
  url: URL,
  text: string,
  names: ReadonlyArray<string>
): Promise<ReadonlyArray<string>> => {
  const { request, send, stop } = startServer()
  try {
    const capabilities = { textDocument: { hover: { contentFormat: ["plaintext"] } } }
    await request("initialize", { processId: process.pid, rootUri: ROOT.href, capabilities })
    send({ method: "initialized", params: {} })
    const textDocument = { uri: url.href, languageId: "typescript", version: 1, text }
    send({ method: "textDocument/didOpen", params: { textDocument } })
    const answers: Array<string> = []
    for (const name of names) {
      const before = text.slice(0, text.lastIndexOf(name)).split("\n")
      const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
      const answer = await request("textDocument/hover", { textDocument: { uri: url.href }, position })
      answers.push(String(Reflect.get(Object(Reflect.get(Object(answer), "contents")), "value")))
    }
    return answers
  } finally {
    stop()
  }
}
