import { inMemoryData, InMemoryStore, type Memory } from "@keepsake/core"
import { afterEach, describe, expect, it } from "vitest"
import { bothFaces } from "../support/bothFaces.ts"
import { readId } from "../support/readId.ts"

const collect = async (memories: AsyncIterable<Memory>): Promise<ReadonlyArray<Memory>> => {
  const all: Array<Memory> = []
  for await (const memory of memories) all.push(memory)
  return all
}

const [[, open]] = bothFaces as unknown as [(typeof bothFaces)[number]]

describe("a memory's key", () => {
  const opened: Array<() => Promise<void>> = []
  const connect = async (data = inMemoryData()) => {
    const face = await open(InMemoryStore.layerOf(data))
    opened.push(face.close)
    return face.memory
  }
  afterEach(async () => {
    for (const close of opened.splice(0)) await close()
  })

  it("stands on the row, and a statement without one has null", async () => {
    const memory = (await connect())()
    const id = readId(await memory.remember({ content: "Flight BA 117", key: "flight" }))
    const plain = readId(await memory.remember("Seat 4A"))
    expect((await memory.get(id))?.key).toBe("flight")
    expect((await memory.get(plain))?.key).toBeNull()
  })

  it("goes with an export, and an import answers to it in the same and in another scope", async () => {
    const memory = await connect()
    const id = readId(await memory().remember({ content: "Flight BA 117", key: "flight" }))
    const exported = await collect(memory().export())
    expect(exported.map(({ key }) => key)).toEqual(["flight"])

    const restored = (await connect())()
    expect(await restored.import(exported)).toMatchObject({ created: 1 })
    expect(await restored.remember({ content: "Flight BA 117", key: "flight" })).toMatchObject({
      id,
      outcome: "refreshed"
    })

    const bob = memory({ userId: "bob" })
    expect(await bob.import(exported)).toMatchObject({ created: 1 })
    expect(await bob.import(exported)).toMatchObject({ created: 0, known: 1 })
    const again = await bob.remember({ content: "Flight BA 117", key: "flight" })
    expect(again.outcome).toBe("refreshed")
    expect(again.id).not.toBe(id)
    expect((await bob.get(readId(again)))?.key).toBe("flight")
    await expect(bob.remember({ content: "Flight LH 400", key: "flight" })).rejects.toThrow(
      /other content|another/u
    )
  })

  it("is null in what the first version exported, which keeps its ids in its own scope if they are trusted", async () => {
    const memory = await connect()
    const id = readId(await memory().remember({ content: "Flight BA 117", key: "flight" }))
    const plain = readId(await memory().remember("Seat 4A"))
    const first = (await collect(memory().export())).map((row) => {
      const { key: _, ...older } = row
      return older as Memory
    })

    const restored = (await connect())()
    expect(await restored.import(first, { trustIds: true })).toMatchObject({ created: 2 })
    expect((await restored.get(id))?.key).toBeNull()
    // The id is the key's: the same statement finds it, and it keeps what it has.
    expect(await restored.remember({ content: "Flight BA 117", key: "flight" })).toMatchObject({
      id,
      outcome: "refreshed"
    })
    expect((await restored.get(id))?.key).toBeNull()
    expect((await restored.get(plain))?.content).toBe("Seat 4A")
    expect(await memory({ userId: "bob" }).import(first)).toMatchObject({ created: 2 })
  })

  it("that an import brings is checked like any other", async () => {
    const memory = (await connect())()
    await memory.remember("Seat 4A")
    const [row] = await collect(memory.export())
    await expect(memory.import([{ ...row, key: 7 } as never])).rejects.toThrow("memories[0].key")
    await expect(memory.import([{ ...row, key: "" } as never])).rejects.toThrow("memories[0].key")
  })
})
