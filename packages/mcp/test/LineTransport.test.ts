import { PassThrough } from "node:stream"
import type { JSONRPCMessage } from "@modelcontextprotocol/server"
import { expect, it } from "vitest"
import { LineTransport } from "../src/LineTransport.ts"

const open = async (write?: (text: string) => Promise<void>) => {
  const input = new PassThrough()
  const written: Array<string> = []
  const read: Array<JSONRPCMessage> = []
  const transport = new LineTransport(input, write ?? (async (text) => void written.push(text)))
  let isClosed = false
  Object.assign(transport, {
    onclose: () => (isClosed = true),
    onmessage: (message: JSONRPCMessage) => read.push(message)
  })
  await transport.start()
  return { input, read, transport, written, isClosed: () => isClosed }
}

const ask = (id: number): string => `${JSON.stringify({ jsonrpc: "2.0", id, method: "ping" })}\n`
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

it("reads messages however the stream cuts them, in any script", async () => {
  const { input, read } = await open()
  const message = { jsonrpc: "2.0", method: "notifications/x", params: { text: "Ærø\u2028 貨物 🚚" } }
  for (const byte of Buffer.from(`${JSON.stringify(message)}\r\n`)) input.write(Buffer.from([byte]))
  await expect.poll(() => read, { timeout: 60_000 }).toEqual([message])
})

it("closes when the input has ended and every answer is written", async () => {
  const { input, isClosed, read, transport, written } = await open()
  input.end(ask(1) + ask(2))
  await expect.poll(() => read, { timeout: 60_000 }).toHaveLength(2)
  await settled()
  await transport.send({ jsonrpc: "2.0", id: 1, result: {} })
  expect(isClosed()).toBe(false)
  await transport.send({ jsonrpc: "2.0", id: 2, result: {} })
  expect(isClosed()).toBe(true)
  expect(written).toHaveLength(2)
})

it("does not wait for an answer to what was cancelled", async () => {
  const { input, transport } = await open()
  input.end(`${ask(1)}{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n`)
  await transport.closed
})

it("refuses a line that is too long, and goes on", async () => {
  const { input, read, written } = await open()
  const part = Buffer.alloc(1_000_000, "x")
  for (let i = 0; i < 17; i++) input.write(part)
  input.write(`\n${ask(3)}`)
  await expect.poll(() => read, { timeout: 60_000 }).toHaveLength(1)
  expect(JSON.parse(written.join(""))).toMatchObject({ id: null, error: { code: -32_600 } })
})

it("closes when nobody reads the answers", async () => {
  const { input, read, transport } = await open(async () => {
    throw new Error("EPIPE")
  })
  input.write(ask(1))
  await expect.poll(() => read, { timeout: 60_000 }).toHaveLength(1)
  await transport.send({ jsonrpc: "2.0", id: 1, result: {} })
  await transport.closed
})
