import { inMemoryData, InMemoryStore, type Memory, type PromiseMemory } from "@keepsake/core"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { afterEach, describe, expect, it } from "vitest"
import { keep } from "../../src/store/inMemory/inMemoryData.ts"
import { bothFaces } from "../support/bothFaces.ts"
import { readId } from "../support/readId.ts"
import { readReason } from "../support/readReason.ts"

const SCOPE = { agentId: "tutor", userId: "ada" }
const row = rowBuilder(SCOPE, 4)

const contents = (memories: ReadonlyArray<Memory>) => memories.map(({ content }) => content)

describe.each(bothFaces)("%s", (_, open) => {
  const opened: Array<() => Promise<void>> = []
  const ada = async (store?: Parameters<typeof open>[0]): Promise<PromiseMemory> => {
    const { close, memory } = await open(store)
    opened.push(close)
    return memory()
  }
  afterEach(async () => {
    for (const close of opened.splice(0)) await close()
  })

  it("counts live memories, all or those that pass", async () => {
    const memory = await ada()
    await memory.rememberMany([
      { content: "one", metadata: { floor: 3 } },
      { content: "two", metadata: { floor: 7 }, pinned: true },
      { content: "three", expiresAt: new Date(Date.now() + 3_600_000) }
    ])
    const id = readId(await memory.remember("four"))
    await memory.supersede(id, "five")
    expect(await memory.count()).toBe(4)
    expect(await memory.count({})).toBe(4)
    expect(await memory.count({ where: { metadata: { floor: { gte: 3, lt: 7 } } } })).toBe(1)
    expect(await memory.count({ where: { not: { pinned: true } } })).toBe(3)
    expect(await memory.count({ where: { or: [] } })).toBe(0)
    expect(await readReason(memory.count({ where: { pined: true } as never }))).toBe("where.pined")
    expect(await readReason(memory.count({ filter: {} } as never))).toBe("filter")
  })

  describe("history", () => {
    it("tells what was stated before and after, oldest first, from any of the statements", async () => {
      const memory = await ada()
      const said = ["Oslo", "Bergen", "Bodø", "Tromsø"]
      const first = readId(await memory.remember("Oslo"))
      const ids = [first]
      for (const city of said.slice(1)) {
        ids.push(readId(await memory.supersede(ids.at(-1) ?? "", city)))
      }
      await memory.remember("unrelated")
      for (const id of ids) expect(contents(await memory.history(id))).toEqual(said)
      const [oldest, ...later] = await memory.history(first)
      expect(oldest?.supersededBy).toBe(ids[1])
      expect(later.at(-1)?.supersededBy).toBeNull()
    })

    it("keeps to the branch of the memory, and shows all that came together in it", async () => {
      const memory = await ada()
      const tea = readId(await memory.remember("likes tea"))
      const coffee = readId(await memory.remember("likes coffee"))
      const both = readId(await memory.supersede(tea, "likes both"))
      await memory.supersede(coffee, "likes both")
      expect(contents(await memory.history(both)).toSorted()).toEqual([
        "likes both",
        "likes coffee",
        "likes tea"
      ])
      expect(contents(await memory.history(tea))).toEqual(["likes tea", "likes both"])
    })

    it("ends where statements supersede each other in a loop", async () => {
      const memory = await ada()
      const hamburg = readId(await memory.remember("in Hamburg"))
      const bremen = readId(await memory.supersede(hamburg, "in Bremen"))
      // Hamburg is current again, and Bremen is superseded by it.
      await memory.supersede(bremen, "in Hamburg")
      for (const id of [hamburg, bremen]) {
        expect(contents(await memory.history(id)).toSorted()).toEqual(["in Bremen", "in Hamburg"])
      }
    })

    it("has at most 256 statements, and of an unknown id none", async () => {
      const data = inMemoryData()
      const rows = Array.from({ length: 300 }, (_, i) => row(`statement ${i}`, { at: T0 + i }))
      for (const [i, one] of rows.entries()) {
        const next = rows[i + 1]
        const closed = next === undefined ? {} : { supersededBy: next.memory.id }
        const validity = [{ from: T0 + i, to: next === undefined ? null : T0 + i + 1 }]
        keep(data, { ...one, memory: { ...one.memory, ...closed, validity } })
      }
      const memory = await ada(InMemoryStore.layerOf(data))
      const newest = await memory.history(rows.at(-1)?.memory.id ?? "")
      expect(contents(newest)).toEqual(rows.slice(44).map((one) => one.memory.content))
      expect(await memory.history(rows[0]?.memory.id ?? "")).toHaveLength(256)
      expect(await memory.history("no id")).toEqual([])
      expect(await memory.history("00000000-0000-4000-8000-000000000000")).toEqual([])
    })
  })

  it("lists sessions, newest first, in pages", async () => {
    const memory = await ada()
    const say = (content: string, sessionId: string | undefined, saidAt: number) =>
      memory.remember({ content, sessionId, saidAt })
    await say("hello", "monday", T0)
    await say("bye", "monday", T0 + 9)
    await say("again", "tuesday", T0 + 5)
    await say("out of any", undefined, T0 + 20)
    const id = readId(await say("gone", "wednesday", T0 + 7))
    await memory.forget(id)
    const monday = { sessionId: "monday", firstSaidAt: T0, lastSaidAt: T0 + 9, turns: 2, bytes: 8 }
    const tuesday = { sessionId: "tuesday", firstSaidAt: T0 + 5, lastSaidAt: T0 + 5, turns: 1, bytes: 5 }
    expect(await memory.sessions()).toEqual({ sessions: [monday, tuesday], next: null })
    const first = await memory.sessions({ limit: 1 })
    expect(first.sessions).toEqual([monday])
    expect(await memory.sessions({ limit: 1, after: first.next ?? undefined })).toEqual({
      sessions: [tuesday],
      next: null
    })
    expect(await readReason(memory.sessions({ after: null } as never))).toBe("after")
    expect(await readReason(memory.sessions({ limit: 0 }))).toBe("limit")
  })

  it("never gives a turn's number away again", async () => {
    const memory = await ada()
    const exchange = { user: "Hi", assistant: "Hello", sessionId: "s" }
    const [, answer] = await memory.rememberExchange(exchange)
    expect(await memory.nextTurn("s")).toBe(2)
    await memory.forget(answer?.id ?? "")
    expect(await memory.nextTurn("s")).toBe(2)
    await memory.forget({ where: { sessionId: "s" } })
    expect(await memory.nextTurn("s")).toBe(2)
    await memory.forgetAll()
    expect(await memory.nextTurn("s")).toBe(0)
  })

  describe("entries", () => {
    const entry = (number: number, content = `entry ${number}`, kind = "history", sessionId = "s") => ({
      sessionId,
      kind,
      number,
      content
    })
    const numbers = async (memory: PromiseMemory, options = {}) =>
      (await memory.entries({ sessionId: "s", kind: "history", ...options })).map(({ number }) => number)

    it("are appended, read in either direction, and dropped", async () => {
      const memory = await ada()
      await memory.appendEntries([])
      await memory.appendEntries([entry(0), entry(1), entry(2), entry(0, "note", "notes")])
      await memory.appendEntries([entry(0, "other", "history", "t")])
      expect(await numbers(memory)).toEqual([0, 1, 2])
      expect(await numbers(memory, { after: 0, limit: 1 })).toEqual([1])
      expect(await numbers(memory, { newestFirst: true, after: 2 })).toEqual([1, 0])
      expect(await memory.dropEntries({ sessionId: "s", kind: "history", through: 1 })).toBe(2)
      expect(await numbers(memory)).toEqual([2])
      expect(await memory.dropEntries({ sessionId: "s" })).toBe(2)
      expect(await memory.entries({ sessionId: "t", kind: "history" })).toMatchObject([{ content: "other" }])
    })

    it("are kept once when a writer tries again, and refused to a second writer", async () => {
      const memory = await ada()
      await memory.appendEntries([entry(0)])
      await memory.appendEntries([entry(0), entry(1)])
      expect(await readReason(memory.appendEntries([entry(2), entry(1, "other")]))).toBe("Conflict")
      expect(await numbers(memory)).toEqual([0, 1])
    })

    it("are no memories, and go with the whole scope alone", async () => {
      const memory = await ada()
      await memory.appendEntries([entry(0, "the vault code")])
      const id = readId(await memory.remember({ content: "a memory", sessionId: "s" }))
      expect(await memory.recall("vault code", { minScore: 0 })).toEqual([])
      expect(await memory.count()).toBe(1)
      expect((await memory.stats()).kept).toBe(1)
      expect((await memory.forget(id)).removed).toBe(1)
      expect((await memory.sessions()).sessions).toEqual([])
      expect(await numbers(memory)).toEqual([0])
      expect((await memory.forgetAll()).removed).toBe(0)
      expect(await numbers(memory)).toEqual([])
    })

    it("are checked before anything is kept", async () => {
      const memory = await ada()
      const refused: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
        ["[0].kind", () => memory.appendEntries([entry(0, "x", "My Notes")])],
        ["[0].number", () => memory.appendEntries([entry(-1)])],
        ["[1].content", () => memory.appendEntries([entry(0), entry(1, "")])],
        ["[0].content", () => memory.appendEntries([entry(0, "x".repeat(1_000_001))])],
        ["[1].number", () => memory.appendEntries([entry(0), entry(0)])],
        ["entries", () => memory.appendEntries(Array.from({ length: 65 }, (_, i) => entry(i)))],
        ["kind", () => memory.entries({ sessionId: "s" } as never)],
        ["limit", () => memory.entries({ sessionId: "s", kind: "notes", limit: 1_001 })],
        ["through", () => memory.dropEntries({ sessionId: "s", through: 1 })]
      ]
      for (const [field, call] of refused) expect(await readReason(call())).toBe(field)
      await memory.appendEntries([entry(0, "x".repeat(1_000_000))])
      expect(await numbers(memory)).toEqual([0])
    })
  })
})
