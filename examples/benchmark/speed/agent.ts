/**
 * The time that the agent adds to a bare SDK call to a local server (recall, injection, the awaited write, the kept
 * history), the tokens of a long turn, and what a killed process leaves.
 */
import { createAgent, defineTool } from "@keepsake/agent"
import { messagesServer } from "@keepsake/agent/testing"
import { Schema } from "effect"
import { join } from "node:path"
import { killInMidAnswer } from "./agentKills.ts"
import { makeScope, makeText } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved, percentile, type Timing } from "./measure.ts"
import { fill, openEmbedded } from "./opened.ts"
import { reported, type Row, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const MODEL = "claude-sonnet-5-5"
const MAX_TOKENS = 4_096
const SYSTEM = "You are a helpful assistant."
const REPLY = "A reply of the usual length, in a few words that say what there is to say. ".repeat(4)
const BAR_MS = 3

const addedMs = (turn: Timing, bare: Timing, share: number): number =>
  percentile(turn.samples, share) - percentile(bare.samples, share)

const measure = async (memories: number, rounds: number): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    await using server = await messagesServer(() => REPLY)
    const opened = await openEmbedded(join(folder, "memory.db"))
    await fill(opened, 0, 0, memories)
    const client = server.client()
    const agent = createAgent({
      memory: opened.client,
      agentId: makeScope(0).agentId,
      client,
      model: MODEL,
      system: SYSTEM
    })
    const reader = createAgent({
      memory: opened.client,
      agentId: makeScope(0).agentId,
      client,
      model: MODEL,
      system: SYSTEM,
      writing: "none"
    })
    const { userId } = makeScope(0)
    const scoped = opened.client.for(makeScope(0))
    const ask = (round: number): string => `${makeText({ user: 0, index: round })} What about it?`
    const times = await interleaved(
      {
        bare: (round) =>
          client.beta.messages.create({
            model: MODEL,
            max_tokens: MAX_TOKENS,
            system: SYSTEM,
            messages: [{ role: "user", content: ask(round) }]
          }),
        turn: (round) => agent.session({ userId }).send(ask(round)),
        turnWithoutWrite: (round) => reader.session({ userId }).send(ask(round)),
        context: (round) => scoped.context(ask(round))
      },
      { rounds }
    )
    await agent.close()
    await reader.close()
    await opened.close()
    const { bare, context, turn, turnWithoutWrite } = times
    const p50 = addedMs(turn, bare, 0.5)
    const name = `agent: time added to a turn, ${memories.toLocaleString("en-US")} memories`
    return [
      within(
        {
          name: `${name}, p50`,
          value: p50,
          unit: "ms",
          note: `bare call ${bare.median.toFixed(2)} ms; context() takes ${context.median.toFixed(2)} ms, the durable write ${(turn.median - turnWithoutWrite.median).toFixed(2)} ms`
        },
        `≤ ${BAR_MS} ms`,
        p50 <= BAR_MS
      ),
      reported({ name: `${name}, p95`, value: addedMs(turn, bare, 0.95), unit: "ms" })
    ]
  })

const CALLS = 15

/** Tokens that a turn of many calls with large results sends past the prompt cache. */
const measureLongTurn = async (): Promise<Row> => {
  await using server = await messagesServer(({ body }) => {
    const step = body.messages.filter(({ role }) => role === "assistant").length
    return step < CALLS ? { tools: [{ name: "read", input: { page: step } }] } : REPLY
  })
  const read = defineTool({
    name: "read",
    description: "Reads a page.",
    input: Schema.Struct({ page: Schema.Finite }),
    execute: ({ page }) => `page ${page} `.repeat(4_000)
  })
  // Awaited here, because the server ends with this function.
  return await withFolder(async (folder) => {
    const opened = await openEmbedded(join(folder, "memory.db"))
    const agent = createAgent({
      memory: opened.client,
      client: server.client(),
      model: MODEL,
      system: SYSTEM,
      tools: [read],
      maxTurns: CALLS + 1
    })
    const { usage } = await agent.session({ userId: "ana" }).send("Read all pages.")
    await agent.close()
    await opened.close()
    return within(
      {
        name: `agent: uncached tokens of a turn of ${CALLS} calls`,
        value: usage.inputTokens,
        unit: "tokens",
        note: `${usage.cacheWriteTokens.toLocaleString("en-US")} written to the cache, ${usage.cacheReadTokens.toLocaleString("en-US")} read`
      },
      "0",
      usage.inputTokens === 0
    )
  })
}

/** The time that a later turn of one session takes, tool call and kept history included. */
const measureSession = (rounds: number): Promise<Row> =>
  withFolder(async (folder) => {
    await using server = await messagesServer(({ body }) =>
      JSON.stringify(body.messages.at(-1)).includes("tool_result")
        ? REPLY
        : { tools: [{ name: "now", input: {} }] }
    )
    const opened = await openEmbedded(join(folder, "memory.db"))
    await fill(opened, 0, 0, 200)
    const client = server.client()
    const now = defineTool({
      name: "now",
      description: "The time.",
      input: Schema.Struct({}),
      execute: () => "noon"
    })
    const options = {
      memory: opened.client,
      agentId: makeScope(0).agentId,
      client,
      model: MODEL,
      system: SYSTEM,
      tools: [now]
    }
    const agent = createAgent(options)
    const unkept = createAgent({ ...options, keepHistory: false })
    const [session, other] = [agent, unkept].map((one) =>
      one.session({ userId: makeScope(0).userId, sessionId: one === agent ? "kept" : "unkept" })
    )
    const { kept, notKept } = await interleaved(
      { kept: () => session?.send("What time is it?"), notKept: () => other?.send("What time is it?") },
      { rounds }
    )
    await agent.close()
    await unkept.close()
    await opened.close()
    return reported({
      name: "agent: a turn with a tool call in a kept session, p50",
      value: kept.median,
      unit: "ms",
      note: `without the kept history ${notKept.median.toFixed(2)} ms`
    })
  })

const measureKills = async (kills: number): Promise<Row> => {
  const { doubled, lostFromHistory, lostFromMemory } = await killInMidAnswer(kills)
  const lost = lostFromMemory + lostFromHistory + doubled
  return within(
    {
      name: `agent: questions lost of ${kills} processes killed in mid-answer`,
      value: lost,
      unit: "questions",
      note: `${lostFromMemory} from the memory, ${lostFromHistory} from the history; ${doubled} doubled by sending again`
    },
    "0",
    lost === 0
  )
}

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => [
  ...(await measure(200, quick ? 30 : 300)),
  ...(quick ? [] : await measure(5_000, 300)),
  await measureSession(quick ? 20 : 100),
  await measureLongTurn(),
  await measureKills(quick ? 3 : 50)
]
