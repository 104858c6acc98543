import { inMemoryData, InMemoryStore, type Memory, type Statement, turnKey } from "@keepsake/core"
import { memoryIdOfKey, memoryIdOfText } from "@keepsake/core/driver"
import { afterEach, describe, expect, it } from "vitest"
import { bothFaces } from "../support/bothFaces.ts"
import { readId } from "../support/readId.ts"

const [[, open]] = bothFaces as unknown as [(typeof bothFaces)[number]]

const opened: Array<() => Promise<void>> = []
const connect = async () => {
  const face = await open(InMemoryStore.layerOf(inMemoryData()))
  opened.push(face.close)
  return face.memory
}
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

const collect = async (memories: AsyncIterable<Memory>): Promise<ReadonlyArray<Memory>> => {
  const all: Array<Memory> = []
  for await (const memory of memories) all.push(memory)
  return all
}

/** An exported memory, as a file may have it. */
const exportedFrom = async (statement: string | Statement) => {
  const memory = (await connect())()
  await memory.remember(statement)
  const [row] = await collect(memory.export())
  if (row === undefined) throw new Error("nothing was exported")
  return row
}

describe("an import with forged ids", () => {
  it("does not take the place of a statement", async () => {
    const row = await exportedFrom("Harmless")
    const memory = (await connect())()
    const { scope } = memory
    const victim = { content: "Allergic to nuts", type: "semantic", source: "user", speaker: null } as const
    await memory.import([{ ...row, scope, id: memoryIdOfText(scope, victim) }])
    expect(await memory.remember(victim)).toMatchObject({ outcome: "created" })
    expect((await memory.stats()).total).toBe(2)
  })

  it("does not take the places of a session's turns", async () => {
    const row = await exportedFrom("Harmless")
    const memory = (await connect())()
    const { scope } = memory
    const forged = Array.from({ length: 20 }, (_, turn) => ({
      ...row,
      scope,
      id: memoryIdOfKey(scope, turnKey("s", turn))
    }))
    const underKeys = forged.map((memoryRow, turn) => ({ ...memoryRow, key: turnKey("s", turn) }))
    for (const rows of [forged, underKeys]) {
      await memory.import(rows)
      const said = await memory.rememberExchange({ user: "Hello", assistant: "Hi", sessionId: "s" })
      expect(said.map(({ outcome }) => outcome)).toEqual(["created", "created"])
    }
  })

  it("does not end a session by a last turn that no other can follow", async () => {
    const row = await exportedFrom({ content: "Harmless", sessionId: "s" })
    const memory = (await connect())()
    const last = { ...row, turn: 0x7fff_ffff }
    await expect(memory.import([last])).rejects.toThrow(/memories\[0\]\.turn/u)
    await expect(memory.import([last], { trustIds: true })).resolves.toMatchObject({ created: 1 })
  })

  it("brings links along to the ids that its rows get", async () => {
    const source = (await connect())()
    const first = readId(await source.remember("Lives in Oslo"))
    await source.supersede(first, "Lives in Bergen")
    const renamed = new Map(
      (await collect(source.export())).map(({ id }, i) => [id, `0000000${i}-0000-4000-8000-000000000000`])
    )
    const forged = (await collect(source.export())).map((row) => ({
      ...row,
      id: renamed.get(row.id) ?? "",
      supersededBy: row.supersededBy === null ? null : (renamed.get(row.supersededBy) ?? null)
    }))
    const memory = (await connect())()
    expect(await memory.import(forged)).toMatchObject({ created: 2 })
    const { rows } = await memory.list({ includeSuperseded: true })
    const closed = rows.find(({ supersededBy }) => supersededBy !== null)
    expect(rows.find(({ id }) => id === closed?.supersededBy)?.content).toBe("Lives in Bergen")
    for (const { id } of rows) expect(Array.from(renamed.values())).not.toContain(id)
    // What it has become is exported and imported again as itself.
    expect(await memory.import(forged)).toMatchObject({ created: 0, known: 2 })
    expect(await memory.import(memory.export())).toMatchObject({ created: 0, known: 2 })
  })

  it("keeps them for a backup that is trusted, in its own scope alone", async () => {
    const id = "00000000-0000-4000-8000-000000000000"
    const row = { ...(await exportedFrom("Harmless")), id }
    const memory = await connect()
    await memory().import([row], { trustIds: true })
    expect(await memory().get(id)).toMatchObject({ content: "Harmless" })
    await memory({ userId: "bob" }).import([row], { trustIds: true })
    expect(await memory({ userId: "bob" }).get(id)).toBeNull()
  })

  it("answers to the turns of an export of the first version, which has no keys", async () => {
    const source = (await connect())()
    await source.rememberExchange({ user: "Hello", assistant: "Hi", sessionId: "s", turn: 0 })
    const first = (await collect(source.export())).map((row) => ({ ...row, key: null }))
    const restored = (await connect())()
    await restored.import(first)
    const again = await restored.rememberExchange({ user: "Hello", assistant: "Hi", sessionId: "s", turn: 0 })
    expect(again.map(({ outcome }) => outcome)).toEqual(["refreshed", "refreshed"])
  })
})

describe("an import of several scopes", () => {
  it("is refused, unless they are to be mixed", async () => {
    const memory = await connect()
    await memory({ userId: "ana" }).remember("Has a diagnosis")
    await memory({ userId: "cy" }).remember("Likes tea")
    const everyone = [
      ...(await collect(memory({ userId: "ana" }).export())),
      ...(await collect(memory({ userId: "cy" }).export()))
    ]
    const bo = memory({ userId: "bo" })
    const error: unknown = await bo.import(everyone).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ reason: { _tag: "InvalidInput", field: "memories[1].scope" } })
    expect(String(error)).not.toMatch(/ana|cy/u)
    expect((await bo.stats()).total).toBe(0)
    expect(await bo.import(everyone, { mergeScopes: true })).toMatchObject({ created: 2 })
    await expect(bo.import([], { mergeScope: true } as never)).rejects.toThrow(/mergeScopes/u)
  })
})

describe("what was accepted", () => {
  it("is imported again, grown by normalisation", async () => {
    const memory = await connect()
    const content = "\ufb2c".repeat(100_000)
    await memory({ userId: "ana" }).remember({ content, key: "k" })
    const exported = await collect(memory({ userId: "ana" }).export())
    expect(exported[0]?.content.length).toBe(300_000)
    expect(await memory({ userId: "bo" }).import(exported)).toMatchObject({ created: 1 })
    expect(await memory({ userId: "ana" }).import(exported)).toMatchObject({ known: 1 })
  })
})
