/** One side of `compareAgents.ts`, in a process of its own: `agentSide.ts CHECKOUT FOLDER MEMORIES`. */
import { join } from "node:path"
import { makeScope, makeStatement, makeText } from "../data.ts"
import { timed } from "../measure.ts"
import { loadEffect, loadOpener, loadSource } from "./checkout.ts"

type Agents = typeof import("@keepsake/agent")
type Testing = typeof import("@keepsake/agent/testing")

/** Calls by number: a bare call of the SDK, a turn of a new session, and both with a tool in a session that goes on. */
export interface Turns {
  readonly call: "bare" | "turn" | "bareTool" | "toolTurn"
  readonly from: number
  readonly to: number
}

/** Milliseconds of each call. */
export type TurnTimes = ReadonlyArray<number>

const MODEL = "claude-sonnet-5-5"
const SYSTEM = "You are a helpful assistant."
const REPLY = "A reply of the usual length, in a few words that say what there is to say. ".repeat(4)
const BATCH = 100

const [, , checkout = "", folder = "", memories = ""] = process.argv
const { Schema } = await loadEffect(checkout)
const { createAgent, defineTool } = (await loadSource(checkout, "agent/src/index.ts")) as Agents
const { messagesServer } = (await loadSource(checkout, "agent/src/testing/index.ts")) as Testing

const { client: memory } = await (await loadOpener(checkout))(join(folder, "memory.db"), true)
const { agentId, userId } = makeScope(0)
for (let at = 0; at < Number(memories); at += BATCH) {
  const statements = Array.from({ length: BATCH }, (_, i) => makeStatement({ user: 0, index: at + i }))
  await memory.for({ agentId, userId }).rememberMany(statements)
}

const server = await messagesServer(({ body }) => {
  const last = JSON.stringify(body.messages.at(-1))
  return last.includes("noon?") && !last.includes("tool_result")
    ? { tools: [{ name: "now", input: {} }] }
    : REPLY
})
const client = server.client()
const now = defineTool({
  name: "now",
  description: "The time.",
  input: Schema.Struct({}),
  execute: () => "noon"
})
const options = { memory, agentId, client, model: MODEL, system: SYSTEM }
const agent = createAgent(options)
const withTool = createAgent({ ...options, tools: [now] })
const session = withTool.session({ userId, sessionId: "one" })

const ask = (i: number): string => `${makeText({ user: 0, index: i })} What about it?`
const askTool = (i: number): string => `${makeText({ user: 0, index: i })} Is it noon?`

type Messages = Parameters<typeof client.beta.messages.create>[0]["messages"]

const create = (messages: Messages) =>
  client.beta.messages.create({ model: MODEL, max_tokens: 4_096, system: SYSTEM, messages })

const CALLS: { readonly [call in Turns["call"]]: (i: number) => Promise<unknown> } = {
  bare: (i) => create([{ role: "user", content: ask(i) }]),
  turn: (i) => agent.session({ userId }).send(ask(i)),
  bareTool: async (i) => {
    const question = { role: "user", content: askTool(i) } as const
    const reply = await create([question])
    const used = reply.content.find(({ type }) => type === "tool_use")
    const id = used?.type === "tool_use" ? used.id : ""
    return create([
      question,
      { role: "assistant", content: reply.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "noon" }] }
    ])
  },
  toolTurn: (i) => session.send(askTool(i))
}

process.on("message", ({ call, from, to }: Turns) => {
  const measure = async (): Promise<TurnTimes> => {
    const times: Array<number> = []
    for (let i = from; i < to; i++) times.push(await timed(() => CALLS[call](i)))
    return times
  }
  void measure().then((times) => process.send?.(times))
})
// The server of an earlier commit may hold the process.
process.on("disconnect", () => process.exit())
process.send?.("ready")
