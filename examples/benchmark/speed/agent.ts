/** The time that the agent adds to a bare SDK call to a local server: recall, injection and the awaited write. */
import { createAgent } from "@keepsake/agent"
import { messagesServer } from "@keepsake/agent/testing"
import { join } from "node:path"
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

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => [
  ...(await measure(200, quick ? 30 : 300)),
  ...(quick ? [] : await measure(5_000, 300))
]
