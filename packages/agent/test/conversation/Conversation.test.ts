import { describe, expect, it } from "vitest"
import { Conversation } from "../../src/conversation/Conversation.ts"
import { type Method, openMemory } from "../support/fixtures.ts"

const SESSION = "s"

/** A conversation that continues 3,000 stored exchanges, and the store's calls since then. */
const resume = async () => {
  const calls: Array<Method> = []
  const client = await openMemory({
    fault: (method) => {
      calls.push(method)
      return undefined
    }
  })
  const memory = client.for({ userId: "ana" })
  await memory.rememberMany(
    Array.from({ length: 6_000 }, (_, turn) => ({ content: `Turn ${turn}`, sessionId: SESSION, turn }))
  )
  calls.length = 0
  const start = { nextTurn: null, complete: false, entries: [] }
  return { calls, memory, conversation: new Conversation(memory, SESSION, start) }
}

const { signal } = new AbortController()

describe("a conversation's turns", () => {
  it("follow the stored ones, for which the store is asked once", async () => {
    const { calls, conversation } = await resume()
    expect(await conversation.turnAt(0, signal)).toBe(6_000)
    expect(await conversation.turnAt(1, signal)).toBe(6_002)
    expect(calls).toEqual(["lastTurn"])
  })

  it("are renumbered after those of another process, once for all writes", async () => {
    const { calls, conversation, memory } = await resume()
    await conversation.turnAt(0, signal)
    await memory.remember({ content: "Written by another process", sessionId: SESSION, turn: 6_000 })
    calls.length = 0
    await conversation.renumberFrom(0, 6_000, signal)
    // A second write of the exchange lost the same turn: it has the new one already.
    await conversation.renumberFrom(0, 6_000, signal)
    expect(calls).toEqual(["lastTurn", "lastTurn"])
    expect(await conversation.turnAt(0, signal)).toBe(6_002)
    expect(conversation.complete).toBe(false)
  })

  it("start with 0 in a session that the store does not know", async () => {
    const { memory } = await resume()
    const other = new Conversation(memory, "new", { nextTurn: null, complete: false, entries: [] })
    expect(await other.turnAt(0, signal)).toBe(0)
  })

  it("reject with the reason of an aborted signal", async () => {
    const { calls, conversation } = await resume()
    const reason = new Error("enough")
    await expect(conversation.turnAt(0, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(calls).toEqual([])
  })
})
