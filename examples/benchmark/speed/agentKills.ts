/** What is left of a question whose process is killed in mid-answer. */
import { createAgent } from "@keepsake/agent"
import { messagesServer } from "@keepsake/agent/testing"
import { openMemory } from "@keepsake/keepsake"
import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { withFolder } from "./folder.ts"

const CHILD = fileURLToPath(new URL("agentChild.ts", import.meta.url))
const MODEL = "claude-sonnet-5-5"
/** Events of the stream before it stops: its text has begun. */
const EVENTS = 4

export interface KillCounts {
  readonly kills: number
  /** Questions that recall and lists do not have. */
  readonly lostFromMemory: number
  /** Questions that the session does not send to the model in its next turn. */
  readonly lostFromHistory: number
  /** Questions that are there more than once, after the same message was sent again. */
  readonly doubled: number
}

const toQuestion = (i: number): string => `I have decided: crate ${i} goes to pier ${i * 7}`

/** Kills a process (-9) as soon as it shows text, `kills` times over one store. */
export const killInMidAnswer = (kills: number): Promise<KillCounts> =>
  withFolder(async (folder) => {
    const store = `file:${join(folder, "memory.db")}`
    const never = new Promise<void>(() => {})
    await using server = await messagesServer(() => {
      let events = 0
      return { text: "Noted: ".repeat(40), pace: () => (++events <= EVENTS ? Promise.resolve() : never) }
    })
    for (let i = 0; i < kills; i++) {
      const child = fork(CHILD, [store, server.url, `session-${i}`, toQuestion(i)], {
        stdio: ["ignore", "ignore", "inherit", "ipc"]
      })
      await once(child, "message")
      child.kill("SIGKILL")
      await once(child, "exit")
    }
    server.script(() => "Yes.")
    await using memory = await openMemory(store)
    const scoped = memory.for({ userId: "ana" })
    const countRows = async (content: string): Promise<number> =>
      (await scoped.list({ limit: 1_000 })).rows.filter((row) => row.content === content).length
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    let lostFromMemory = 0
    let lostFromHistory = 0
    let doubled = 0
    for (let i = 0; i < kills; i++) {
      const question = toQuestion(i)
      if ((await countRows(question)) === 0) lostFromMemory += 1
      const session = agent.session({ userId: "ana", sessionId: `session-${i}` })
      const isResent = i % 2 === 0
      await session.send(isResent ? question : "What did I decide?")
      const [first] = server.requests.at(-1)?.body.messages ?? []
      if (!JSON.stringify(first).includes(question)) lostFromHistory += 1
      if ((await countRows(question)) > 1) doubled += 1
    }
    await agent.close()
    return { kills, lostFromMemory, lostFromHistory, doubled }
  })
